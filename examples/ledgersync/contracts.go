package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsigntest"
)

const (
	maxContracts = 16 << 20 // bytes of contracts.csv
	maxTitle     = 500      // characters; so are the management number's
)

// contractColumns is the heading of contracts.csv. Columns may stand in any order,
// and all but the first may be left out.
var contractColumns = []string{
	"file", "title", "contract_at", "validity_start_at", "validity_end_at", "validity_end_notice_at", "auto_update", "local_id", "amount",
}

// contractInfo is a line of contracts.csv.
type contractInfo struct {
	line      int
	title     string
	attribute cloudsigntest.Attribute
}

// parseContracts reads contracts.csv: UTF-8, with or without a byte order mark,
// commas, the heading of contractColumns. Every error names the line and the
// column and says what is expected there.
func parseContracts(r io.Reader) (map[string]contractInfo, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxContracts+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s can't be read: %w", contractsFile, err)
	case len(text) > maxContracts:
		return nil, fmt.Errorf("%s is larger than %d MiB: split the folder", contractsFile, maxContracts>>20)
	case !utf8.Valid(text):
		return nil, fmt.Errorf("%s is not UTF-8: save it as \"CSV UTF-8\"", contractsFile)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	rows := csv.NewReader(bufio.NewReader(bytes.NewReader(text)))
	heading, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s is empty: its first line has to be %s", contractsFile, strings.Join(contractColumns, ","))
	}
	if err != nil {
		return nil, malformed(err)
	}
	if err := checkHeading(heading); err != nil {
		return nil, err
	}
	out := map[string]contractInfo{}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, malformed(err)
		}
		line, _ := rows.FieldPos(0)
		name, info, err := parseContract(heading, row)
		if err == nil && out[name].line != 0 {
			err = fmt.Errorf("column file: %q stands in line %d already", name, out[name].line)
		}
		if err != nil {
			return nil, fmt.Errorf("%s line %d, %w", contractsFile, line, err)
		}
		info.line = line
		out[name] = info
	}
}

// malformed names the line of a row that is no CSV.
func malformed(err error) error {
	if pe, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("%s line %d: %w: check the commas and quotation marks", contractsFile, pe.Line, pe.Err)
	}
	return fmt.Errorf("%s: %w", contractsFile, err)
}

func checkHeading(heading []string) error {
	for i, name := range heading {
		if !slices.Contains(contractColumns, name) {
			return fmt.Errorf("%s line 1: there is no column %q: choose from %s", contractsFile, name, strings.Join(contractColumns, ","))
		}
		if slices.Contains(heading[:i], name) {
			return fmt.Errorf("%s line 1: the column %q stands twice", contractsFile, name)
		}
	}
	if !slices.Contains(heading, "file") {
		return fmt.Errorf("%s line 1: the column \"file\" is missing", contractsFile)
	}
	return nil
}

func parseContract(heading, row []string) (name string, info contractInfo, err error) {
	a := &info.attribute
	for i, column := range heading {
		v := strings.TrimSpace(row[i])
		switch column {
		case "file":
			name = strings.ReplaceAll(v, `\`, "/")
		case "title":
			info.title, err = textOf(v)
		case "contract_at":
			a.ContractAt, err = dateOf(v)
		case "validity_start_at":
			a.ValidityStartAt, err = dateOf(v)
		case "validity_end_at":
			a.ValidityEndAt, err = dateOf(v)
		case "validity_end_notice_at":
			a.ValidityEndNoticeAt, err = dateOf(v)
		case "auto_update":
			a.AutoUpdate, err = autoUpdateOf(v)
		case "local_id":
			a.LocalID, err = textOf(v)
		case "amount":
			a.Amount, err = amountOf(v)
		}
		if err != nil {
			return "", info, fmt.Errorf("column %s: %w", column, err)
		}
	}
	if name == "" {
		return "", info, errors.New("column file: it is empty: give the path of the PDF file in the folder")
	}
	a.Title = info.title
	return name, info, nil
}

func textOf(v string) (string, error) {
	switch {
	case utf8.RuneCountInString(v) > maxTitle:
		return "", fmt.Errorf("the text has more than %d characters: shorten it", maxTitle)
	case strings.ContainsRune(v, 0):
		return "", errors.New("the text holds a NUL character: take it out")
	}
	return v, nil
}

func dateOf(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	if _, err := countersign.ParseDate(v); err != nil {
		return "", fmt.Errorf("%.40q is not a date: write it as YYYY-MM-DD", v)
	}
	return v, nil
}

func autoUpdateOf(v string) (cloudsigntest.AutoUpdate, error) {
	switch v {
	case "", "0":
		return cloudsigntest.AutoUpdateUnspecified, nil
	case "1":
		return cloudsigntest.AutoUpdateYes, nil
	case "2":
		return cloudsigntest.AutoUpdateNo, nil
	}
	return 0, fmt.Errorf("%.40q is not known: write 0 (not specified), 1 (yes) or 2 (no)", v)
}

func amountOf(v string) (*int64, error) {
	if v == "" {
		return nil, nil //nolint:nilnil // no amount is not 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%.40q is not a whole amount: write digits only, with a minus sign if it is negative", v)
	}
	return &n, nil
}
