package proof

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration/sqlite"
)

// workers is how many files both sides of the benchmark work on at a time: it is
// the flow's default.
const workers = 8

// BenchmarkLedgerSync measures a first load beside a loop written by hand that
// does the least: list, read the information, download, write the file, insert a
// row. Both reach the same durability: file, folder and row are flushed to the
// disk before a file counts. The loop can't be restarted, remembers nothing of
// what it did, and maps and checks nothing.
func BenchmarkLedgerSync(b *testing.B) {
	l := load{documents: size(60, 300, 3000), files: size(100, 500, 5000)}
	var flow, loop time.Duration
	var calls, minimum int64
	for b.Loop() {
		a := newAccount(b, 1)
		minimum = l.fill(a)
		flow += timeFlow(b, a, l)
		calls = requests(a)
		loop += timeLoop(b, a, l)
		a.srv.Close()
	}
	perSecond := func(d time.Duration) float64 { return float64(l.files) * float64(b.N) / d.Seconds() }
	b.ReportMetric(perSecond(flow), "files/s")
	b.ReportMetric(perSecond(loop), "baseline-files/s")
	b.ReportMetric(float64(calls)/float64(l.files), "calls/file")
	b.Logf("proof: ledgersync speed files=%d files_per_s=%.0f baseline_files_per_s=%.0f ratio=%.2f calls_per_file=%.3f minimum_calls_per_file=%.3f",
		l.files, perSecond(flow), perSecond(loop), perSecond(flow)/perSecond(loop), float64(calls)/float64(l.files), float64(minimum)/float64(l.files))
}

// timeFlow times the engine's part of a first load.
func timeFlow(b *testing.B, a *account, l load) time.Duration {
	b.Helper()
	p, err := open(b.Context(), a.job(b.TempDir()))
	require.NoError(b, err)
	require.NoError(b, p.add(b.Context()))
	require.NoError(b, p.start(b.Context()))
	a.srv.Log().Reset()
	began := time.Now()
	require.NoError(b, p.engine.RunUntilIdle(b.Context()))
	took := time.Since(began)
	s, err := p.flow.Summary(b.Context(), p.link)
	require.NoError(b, err)
	require.EqualValues(b, l.files, s.Linked)
	require.NoError(b, p.Close())
	return took
}

// timeLoop times the loop written by hand.
func timeLoop(b *testing.B, a *account, l load) time.Duration {
	b.Helper()
	dir := b.TempDir()
	db, err := sqlite.OpenDB(filepath.Join(dir, "baseline.db"))
	require.NoError(b, err)
	db.SetMaxOpenConns(1) // one writer, or they wait for each other's locks
	_, err = db.ExecContext(b.Context(), `CREATE TABLE contract (document TEXT, file TEXT, title TEXT, information TEXT, sha256 TEXT, size INTEGER,
		PRIMARY KEY (document, file)) WITHOUT ROWID`)
	require.NoError(b, err)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	h := &byHand{dir: dir, db: db, url: a.srv.URL(), http: &http.Client{Transport: transport}}

	began := time.Now()
	require.NoError(b, h.run(b.Context(), a.user.ClientID))
	took := time.Since(began)
	var n int
	require.NoError(b, db.QueryRowContext(b.Context(), "SELECT count(*) FROM contract").Scan(&n))
	require.Equal(b, l.files, n)
	transport.CloseIdleConnections()
	require.NoError(b, db.Close())
	return took
}

// byHand is what a programmer writes in an afternoon.
type byHand struct {
	dir, url, token string
	db              *sql.DB
	http            *http.Client
}

type handDocument struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Files []struct {
		ID string `json:"id"`
	} `json:"files"`
}

func (h *byHand) run(ctx context.Context, clientID string) error {
	var token struct {
		AccessToken string `json:"access_token"`
	}
	answer, err := h.http.PostForm(h.url+"/token", url.Values{"client_id": {clientID}})
	if err != nil {
		return err
	}
	if err := errors.Join(json.NewDecoder(answer.Body).Decode(&token), answer.Body.Close()); err != nil {
		return err
	}
	h.token = token.AccessToken
	docs := make(chan handDocument)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for d := range docs {
				errs[i] = errors.Join(errs[i], h.document(ctx, d))
			}
		})
	}
	err = h.list(ctx, docs)
	close(docs)
	wg.Wait()
	return errors.Join(err, errors.Join(errs...))
}

func (h *byHand) list(ctx context.Context, docs chan<- handDocument) error {
	for page, seen := 1, 0; ; page++ {
		var list struct {
			Total     int            `json:"total"`
			Documents []handDocument `json:"documents"`
		}
		text, err := h.get(ctx, "/team_documents?with_files=y&page="+strconv.Itoa(page))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		for _, d := range list.Documents {
			docs <- d
		}
		if seen += len(list.Documents); seen >= list.Total || len(list.Documents) == 0 {
			return nil
		}
	}
}

// get gives the body of an answer, nil for 404.
func (h *byHand) get(ctx context.Context, path string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+h.token)
	answer, err := h.http.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := read(answer.Body, nil)
	switch {
	case err != nil || answer.StatusCode == http.StatusOK:
		return body, err
	case answer.StatusCode == http.StatusNotFound:
		return nil, nil
	}
	return nil, fmt.Errorf("%s: %s", path, answer.Status)
}

func (h *byHand) document(ctx context.Context, d handDocument) error {
	information, err := h.get(ctx, "/documents/"+d.ID+"/attribute")
	if err != nil {
		return err
	}
	for _, f := range d.Files {
		pdf, err := h.get(ctx, "/documents/"+d.ID+"/files/"+f.ID)
		if err != nil {
			return err
		}
		if err := h.keep(d.ID+"-"+f.ID+".pdf", pdf); err != nil {
			return err
		}
		sum := sha256.Sum256(pdf)
		_, err = h.db.ExecContext(ctx, "INSERT INTO contract VALUES (?, ?, ?, ?, ?, ?)",
			d.ID, f.ID, d.Title, string(information), hex.EncodeToString(sum[:]), len(pdf))
		if err != nil {
			return err
		}
	}
	return nil
}

// keep writes a file so that a crash leaves all of it or nothing.
func (h *byHand) keep(name string, data []byte) error {
	tmp, err := os.CreateTemp(h.dir, "tmp-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(tmp, bytes.NewReader(data))
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), filepath.Join(h.dir, name)); err != nil {
		return err
	}
	folder, err := os.Open(h.dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
