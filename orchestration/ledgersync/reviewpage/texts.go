package reviewpage

import (
	"errors"
	"net/http"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping/ledgermap"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

// language is what the page speaks.
type language string

const (
	japanese language = "ja"
	english  language = "en"
)

// languageOf is the language that the address asks for, else the one that the
// browser names first, else Japanese.
func languageOf(r *http.Request) language {
	asked := append(r.URL.Query()["lang"], strings.Split(r.Header.Get("Accept-Language"), ",")...)
	for _, tag := range asked {
		switch primary, _, _ := strings.Cut(strings.TrimSpace(tag), "-"); {
		case strings.HasPrefix(primary, string(japanese)):
			return japanese
		case strings.HasPrefix(primary, string(english)):
			return english
		}
	}
	return japanese
}

func (l language) text(key string) string { return texts[key][l] }

// refusal says why a decision was not taken.
func (l language) refusal(err error) string {
	if late, ok := errors.AsType[*ledgersync.DecidedError](err); ok {
		return l.text("was_"+late.Decision.What) + " (" + late.Decision.By + ", " + late.Decision.At.In(japan).Format("2006-01-02 15:04 MST") + ")"
	}
	switch {
	case errors.Is(err, ledgersync.ErrNotReviewer):
		return l.text("not_reviewer")
	case errors.Is(err, countersign.ErrNotFound):
		return l.text("not_found")
	}
	return l.text("decided")
}

// texts are the page's words. Those of the vendor's screens are the vendor's.
var texts = map[string]map[language]string{
	"skip":          {japanese: "本文へ", english: "Skip to content"},
	"language":      {japanese: "English", english: "日本語"},
	"links":         {japanese: "連携一覧", english: "Links"},
	"link":          {japanese: "管理ID", english: "Link (management ID)"},
	"team":          {japanese: "チーム", english: "Team"},
	"account":       {japanese: "アカウント", english: "Account"},
	"waiting":       {japanese: "確認待ちの件数", english: "Files to review"},
	"no_links":      {japanese: "確認を担当する連携はありません。", english: "There is no link that you review."},
	"held":          {japanese: "台帳に保存前の契約書", english: "Files to review"},
	"nothing":       {japanese: "確認待ちのファイルはありません。", english: "No file waits for a review."},
	"choose":        {japanese: "選択", english: "Choose"},
	"look_at":       {japanese: "確認点", english: "Look at"},
	"share":         {japanese: "共有範囲", english: "Share scope"},
	"expires":       {japanese: "確認期限", english: "Review until"},
	"all":           {japanese: "このページのすべてのファイル", english: "All files of this page"},
	"decision":      {japanese: "選択したファイルについて", english: "The chosen files"},
	"this_file":     {japanese: "このファイルについて", english: "This file"},
	"save":          {japanese: "台帳に保存", english: "Save to the ledger"},
	"discard":       {japanese: "削除", english: "Delete"},
	"discard_help":  {japanese: "削除したファイルは、以後連携されません。", english: "A file that is deleted never comes back."},
	"reason":        {japanese: "削除の理由", english: "Reason for deleting"},
	"change_share":  {japanese: "共有範囲を変更", english: "Change the share scope"},
	"choose_share":  {japanese: "選択してください", english: "Choose"},
	"no_share":      {japanese: "共有範囲を選択してください。", english: "Choose a share scope."},
	"no_files":      {japanese: "ファイルが選択されていません。", english: "No file is chosen."},
	"next":          {japanese: "次のページ", english: "Next page"},
	"first":         {japanese: "最初のページ", english: "First page"},
	"file":          {japanese: "契約書の確認", english: "Review of a file"},
	"back":          {japanese: "一覧へ戻る", english: "Back to the list"},
	"of":            {japanese: "ファイル番号", english: "File"},
	"items":         {japanese: "項目", english: "Items"},
	"pdf":           {japanese: "PDFファイル", english: "PDF"},
	"open_pdf":      {japanese: "PDFを別画面で開く", english: "Open the PDF by itself"},
	"pdf_help":      {japanese: "表示されない場合は、ファイルが壊れているか、ブラウザーがPDFを表示できません。", english: "If nothing is shown, the file is damaged or the browser shows no PDFs."},
	"damaged":       {japanese: "このファイルは空か、PDFではありません。このままでは台帳に保存できません。クラウドサインで確認するか、削除してください。", english: "This file is empty or not a PDF. It can't be saved to the ledger as it is: look at it in CloudSign, or delete it here."},
	"untitled":      {japanese: "(タイトルなし)", english: "(no title)"},
	"error":         {japanese: "エラー", english: "Error"},
	"not_signed_in": {japanese: "ログインしてください。", english: "Please sign in."},
	"not_reviewer":  {japanese: "この連携の確認担当者ではありません。", english: "You are not a reviewer of this link."},
	"not_found":     {japanese: "見つかりません。", english: "There is no such page or file."},
	"bad_request":   {japanese: "操作を読み取れませんでした。", english: "The request could not be understood."},
	"decided":       {japanese: "このファイルは確認待ちではありません。", english: "This file does not wait for a review."},
	"failed":        {japanese: "クラウドサインまたは保存先が応答しませんでした。しばらくしてから再度お試しください。", english: "CloudSign or the store did not answer. Please try again in a while."},
	"done":          {japanese: "%d件を処理しました。", english: "Done for %d files."},
	"refused":       {japanese: "処理できなかったファイル", english: "Files that it was not done for"},
	"was_saved":     {japanese: "すでに保存されています", english: "Saved already"},
	"was_discarded": {japanese: "すでに削除されています", english: "Deleted already"},
	"share_company": {japanese: "全社公開", english: "Whole company"},
	"share_private": {japanese: "非公開", english: "Private"},
	"share_groups":  {japanese: "指定グループに公開: ", english: "Groups: "},
	"renewal_yes":   {japanese: "あり", english: "Yes"},
	"renewal_no":    {japanese: "なし", english: "No"},

	"finding_" + ledgermap.CodeEndBeforeStart:       {japanese: "契約終了日が契約開始日より前です", english: "ends before it starts"},
	"finding_" + ledgermap.CodeNoticeAfterEnd:       {japanese: "解約通知期限が契約終了日より後です", english: "notice deadline after the end"},
	"finding_" + ledgermap.CodeRenewalWithoutNotice: {japanese: "自動更新ですが、解約通知期限がありません", english: "renews itself without a notice deadline"},
	"finding_" + ledgermap.CodeAmountOnEachFile:     {japanese: "書類の金額が各ファイルに入ります", english: "the document's amount is on each file"},
	"finding_" + ledgersync.CodeAmountOnFirstFile:   {japanese: "金額は書類の最初のファイルだけに入ります", english: "the amount is on the document's first file alone"},
	"finding_" + ledgermap.CodeTitleIsFileName:      {japanese: "タイトルがファイル名と同じです", english: "the title is the file name"},
}
