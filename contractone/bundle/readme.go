package bundle

import (
	"bufio"
	"embed"
	"strings"
	"text/template"

	"github.com/countersign/countersign/contractone"
)

//go:embed readme.ja.txt readme.en.txt
var readmes embed.FS

var readmeTexts = template.Must(template.New("").Funcs(template.FuncMap{
	"shareJA": shareJA, "people": people,
}).ParseFS(readmes, "*.txt"))

// writeReadme writes the instructions as Windows likes text: with a byte order
// mark and its line breaks.
func writeReadme(w *bufio.Writer, name string, folders []Folder) error {
	var b strings.Builder
	files, waiting := 0, 0
	for _, f := range folders {
		files += f.Files
		waiting += f.Waiting
	}
	err := readmeTexts.ExecuteTemplate(&b, name, map[string]any{
		"Folders": folders, "Files": files, "Waiting": waiting, "Items": contractone.Catalogue(), "Guide": importGuide,
	})
	if err != nil {
		return err
	}
	_, err = w.WriteString("\ufeff" + strings.ReplaceAll(b.String(), "\n", "\r\n"))
	return err
}

// importGuide is the vendor's help page on what to decide before an import.
const importGuide = "https://support.contract-one.com/hc/ja/articles/14804832381465"

// shareJA is what the import's screen calls a share scope.
func shareJA(s contractone.Share) string {
	switch s.Visibility {
	case contractone.VisibleToCompany:
		return "全社公開"
	case contractone.VisibleToNobody:
		return "非公開"
	}
	return "指定グループに公開: " + oneLine(strings.Join(s.Groups, ", "))
}

func people(list []contractone.Principal) string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.Name
	}
	return oneLine(strings.Join(names, ", "))
}

// oneLine keeps a name from starting lines of its own.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
