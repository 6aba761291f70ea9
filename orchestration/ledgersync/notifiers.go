package ledgersync

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
)

// LogNotifier writes notices to a logger, without titles and names: of coming
// deadlines it tells the number.
func LogNotifier(logger *slog.Logger) Notifier { return logNotifier{logger} }

type logNotifier struct{ *slog.Logger }

func (l logNotifier) Notify(ctx context.Context, n Notice) error {
	level := slog.LevelWarn
	attrs := []slog.Attr{slog.String("link", string(n.Link))}
	switch {
	case n.Kind == NoticeDeadlines:
		level = slog.LevelInfo
		attrs = append(attrs, slog.Int("contracts", len(n.Deadlines)))
	case n.DocumentID != "":
		attrs = append(attrs, slog.String("document", n.DocumentID), slog.String("file", n.FileID), slog.Int("files", n.Files))
	}
	if n.Reason != "" {
		attrs = append(attrs, slog.String("reason", n.Reason))
	}
	l.LogAttrs(ctx, level, string(n.Kind), attrs...)
	return nil
}

// MailNotifier writes each notice as a mail of plain text in UTF-8.
type MailNotifier struct {
	From string   // an address: "Contracts <contracts@example.com>"
	To   []string // addresses, at least one
	// Send hands a message to a mail server; from and to are bare addresses. With
	// net/smtp:
	//
	//	func(_ context.Context, from string, to []string, message []byte) error {
	//		return smtp.SendMail("mail.example.com:587", auth, from, to, message)
	//	}
	Send func(ctx context.Context, from string, to []string, message []byte) error
}

// Notify sends the notice. Addresses that can't be read are an error.
func (m MailNotifier) Notify(ctx context.Context, n Notice) error {
	from, err := mail.ParseAddress(m.From)
	if err != nil {
		return fmt.Errorf("ledgersync: mail: the sender's address can't be read: %w", err)
	}
	var to, heads []string
	for _, text := range m.To {
		a, err := mail.ParseAddress(text)
		if err != nil {
			return fmt.Errorf("ledgersync: mail: a recipient's address can't be read: %w", err)
		}
		to, heads = append(to, a.Address), append(heads, a.String())
	}
	if len(to) == 0 || m.Send == nil {
		return configError("MailNotifier", "has no recipient or no Send", "set both")
	}
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", from.String()}, {"To", strings.Join(heads, ", ")}, {"Subject", mime.QEncoding.Encode("utf-8", n.Subject())},
		{"Date", n.At.In(japan).Format(time.RFC1123Z)}, {"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	b.WriteString("\r\n")
	body := quotedprintable.NewWriter(&b)
	if _, err := body.Write([]byte(strings.ReplaceAll(n.Text(), "\n", "\r\n"))); err != nil {
		return err
	}
	if err := body.Close(); err != nil {
		return err
	}
	return m.Send(ctx, from.Address, to, b.Bytes())
}
