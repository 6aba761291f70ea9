package main

import (
	"strings"
	"testing"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/stretchr/testify/require"
)

func TestParseContracts(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"with mark":    "\ufeff" + heading + "a.pdf,T,2026-01-02,,,,2,K,0\n",
		"without mark": heading + "a.pdf,T,2026-01-02,,,,2,K,0",
		"CRLF":         strings.ReplaceAll(heading+"a.pdf,T,2026-01-02,,,,2,K,0\n", "\n", "\r\n"),
		"other order":  "amount,file,auto_update,contract_at,title,local_id\n0,a.pdf,2,2026-01-02,T,K\n",
	} {
		got, err := parseContracts(strings.NewReader(text))
		require.NoError(t, err, name)
		require.Equal(t, map[string]contractInfo{"a.pdf": {line: 2, title: "T", attribute: cloudsigntest.Attribute{
			Title: "T", ContractAt: "2026-01-02", AutoUpdate: cloudsigntest.AutoUpdateNo, LocalID: "K", Amount: new(int64(0)),
		}}}, got, name)
	}
	for want, text := range map[string]string{
		"is empty":             "",
		"no column \"datei\"":  "datei\n",
		"stands twice":         "file,file\n",
		"\"file\" is missing":  "title\n",
		"not UTF-8":            "file\n\xff.pdf\n",
		"column file":          heading + ",T,,,,,,,\n",
		"line 3, column file":  "file\na.pdf\na.pdf\n",
		"validity_end_at":      heading + "a.pdf,T,,,tomorrow,,,,\n",
		"auto_update":          heading + "a.pdf,T,,,,,yes,,\n",
		"whole amount":         heading + "a.pdf,T,,,,,,,\"1,000\"\n",
		"9223372036854775808":  heading + "a.pdf,T,,,,,,,9223372036854775808\n",
		"line 2: wrong number": heading + "a.pdf,T\n",
		"quotation":            heading + "\"a.pdf,T,,,,,,,\n",
		"more than 500":        heading + "a.pdf," + strings.Repeat("契", 501) + ",,,,,,,\n",
		"NUL":                  heading + "a.pdf,a\x00b,,,,,,,\n",
		"larger than 16 MiB":   heading + strings.Repeat("x", maxContracts),
	} {
		_, err := parseContracts(strings.NewReader(text))
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, contractsFile)
	}
}

func FuzzContracts(f *testing.F) {
	f.Add(heading + "a.pdf,T,2026-01-02,,,,2,K,0\n")
	f.Add("\ufefffile\n\"a\n\",")
	f.Add("file,amount\na,-9223372036854775808\n")
	f.Fuzz(func(t *testing.T, text string) {
		infos, err := parseContracts(strings.NewReader(text))
		if err != nil {
			require.Nil(t, infos)
			require.Contains(t, err.Error(), contractsFile)
			return
		}
		for name, info := range infos {
			require.NotEmpty(t, name)
			require.Positive(t, info.line)
		}
	})
}
