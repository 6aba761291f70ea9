package bundle_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/bundle"
)

func TestFileNames(t *testing.T) {
	t.Parallel()
	day := countersign.Date{Year: 2026, Month: 4, Day: 1}
	for want, items := range map[string]contractone.Items{
		"2026-04-01_業務委託契約書_01J:X-2":                      {Title: "業務委託契約書", SignedOn: day},
		"undated_契約_01J:X-2":                              {FileName: "契約.pdf"},
		"undated_untitled_01J:X-2":                        {Title: " .. "},
		"undated__.._etc_passwd_01J:X-2":                  {Title: "/../etc/passwd"},
		"undated_a b_01J:X-2":                             {Title: "a\t\r\n  b"},
		"undated_C__CON_01J:X-2":                          {Title: `C:\CON`},
		"undated_ガ_01J:X-2":                               {Title: "カ\u3099"},
		"undated_x_gpj.exe_01J:X-2":                       {Title: "x\u202egpj.exe"},
		"undated_=cmd_01J:X-2":                            {Title: "=cmd"},
		"undated_" + strings.Repeat("長", 60) + "_01J:X-2": {Title: strings.Repeat("長", 200)},
	} {
		e := contractone.Entry{Items: items, Source: contractone.Source{DocumentID: "01J/X", FileIndex: 2}}
		require.Equal(t, strings.ReplaceAll(want, ":", "_"), bundle.FileStem(e))
	}
}

// What Windows refuses in a name, device names included.
var (
	forbidden = regexp.MustCompile(`[<>:"/\\|?*\x00-\x1f\x7f]|[ .]$|^[ .]`)
	devices   = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])([ .]|$)`)
)

func FuzzNames(f *testing.F) {
	f.Add("業務委託契約書", "x.pdf", "01J0000000000000000000000X", "法務")
	f.Add("CON", "../..", "a:b", "..")
	f.Add("\u202e\u0000\xff", "", ".", "NUL ")
	f.Add("か\u3099", strings.Repeat("🈺", 300), "x", strings.Repeat("長", 300))
	f.Fuzz(func(t *testing.T, title, file, document, group string) {
		stem := bundle.FileStem(contractone.Entry{
			Items:  contractone.Items{Title: title, FileName: file},
			Source: contractone.Source{DocumentID: document, FileIndex: 3},
		})
		folder := bundle.FolderName(contractone.Groups(group), []contractone.Principal{contractone.User(file)})
		file = stem + "_01234567.pdf"
		require.Less(t, len(utf16.Encode([]rune(folder+"/"+file))), 190)
		for _, name := range []string{file, folder} {
			require.NotRegexp(t, forbidden, name)
			require.NotRegexp(t, devices, name)
			require.Less(t, len(name), 255)
			require.True(t, utf8.ValidString(name))
			require.True(t, norm.NFC.IsNormalString(name), "%q", name)
		}
	})
}
