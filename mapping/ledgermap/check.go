package ledgermap

import (
	"fmt"
	"strings"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping"
)

// The codes of this package's findings. All of them are warnings.
const (
	// CodeEndBeforeStart: the contract ends before it starts.
	CodeEndBeforeStart = "end_before_start"
	// CodeNoticeAfterEnd: the deadline for notice lies after the contract's end.
	CodeNoticeAfterEnd = "notice_after_end"
	// CodeRenewalWithoutNotice: the contract renews itself, and no deadline for
	// notice is known, so nobody is reminded in time.
	CodeRenewalWithoutNotice = "renewal_without_notice"
	// CodeAmountOnEachFile: the document has several files. CloudSign keeps one
	// amount for the document, so a sum over entries counts it several times.
	CodeAmountOnEachFile = "amount_on_each_file"
	// CodeTitleIsFileName: nobody gave the contract a title of its own.
	CodeTitleIsFileName = "title_is_file_name"
)

func checks() []Check {
	return []Check{endBeforeStart, noticeAfterEnd, renewalWithoutNotice, amountOnEachFile, titleIsFileName}
}

func endBeforeStart(_ *Record, d *contractone.Draft) []mapping.Finding {
	starts, ends := d.Items.StartsOn, d.Items.EndsOn
	if starts.IsZero() || ends.IsZero() || !ends.Before(starts) {
		return nil
	}
	return warn(CodeEndBeforeStart, contractone.ItemEndsOn, fmt.Sprintf("the contract ends on %s, before it starts on %s", ends, starts))
}

func noticeAfterEnd(_ *Record, d *contractone.Draft) []mapping.Finding {
	notice, ends := d.Items.NoticeDeadline, d.Items.EndsOn
	if notice.IsZero() || ends.IsZero() || !ends.Before(notice) {
		return nil
	}
	return warn(CodeNoticeAfterEnd, contractone.ItemNoticeDeadline, fmt.Sprintf("the notice deadline %s lies after the contract's end on %s", notice, ends))
}

func renewalWithoutNotice(_ *Record, d *contractone.Draft) []mapping.Finding {
	if d.Items.AutoRenewal != contractone.RenewalYes || !d.Items.NoticeDeadline.IsZero() {
		return nil
	}
	return warn(CodeRenewalWithoutNotice, contractone.ItemNoticeDeadline, "the contract renews itself, but no notice deadline is known")
}

func amountOnEachFile(r *Record, d *contractone.Draft) []mapping.Finding {
	if r.FileCount < 2 || d.Items.Amount.IsZero() {
		return nil
	}
	return warn(CodeAmountOnEachFile, contractone.ItemAmount, fmt.Sprintf("the document's amount is on each of its %d files, so sums count it %d times", r.FileCount, r.FileCount))
}

// titleIsFileName ignores the extension and the case of letters: neither makes a
// title of a file's name. A management title was typed on purpose, so it is one.
func titleIsFileName(r *Record, d *contractone.Draft) []mapping.Finding {
	title, name := d.Items.Title, d.Items.FileName
	typed := r.Attribute != nil && strings.TrimSpace(r.Attribute.Title) == title
	if title == "" || typed || !strings.EqualFold(withoutPDF(title), withoutPDF(name)) {
		return nil
	}
	return warn(CodeTitleIsFileName, contractone.ItemTitle, "the title is the name of the file")
}

func withoutPDF(name string) string {
	if n := len(name) - len(".pdf"); n > 0 && strings.EqualFold(name[n:], ".pdf") {
		return name[:n]
	}
	return name
}

func warn(code string, item contractone.ItemKey, message string) []mapping.Finding {
	return []mapping.Finding{{Severity: mapping.SeverityWarning, Code: code, Field: string(item), Message: message}}
}
