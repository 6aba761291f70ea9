package digipost

import "time"

// SMSNotification tells the recipient of an unread document by text message, for
// an additional charge. Digipost sends only in the daytime (its schema says 7 to
// 23, older ones 9 to 20); what falls outside goes out the next morning.
type SMSNotification struct {
	// At are points in time, AfterHours are hours after the delivery.
	At         []time.Time
	AfterHours []int
	// Mobile and Text replace what Digipost would use: both or none. Text has at
	// most 160 characters.
	Mobile string
	Text   string
}

// EmailNotification tells the recipient of an unread document by e-mail. All
// fields are required.
type EmailNotification struct {
	Email   string
	Subject string // at most 100 characters
	Text    string // at most 500 characters
	At      []time.Time
}

func (n SMSNotification) check() error {
	if (n.Mobile == "") != (n.Text == "") || longer(160, n.Text) {
		return messageError("SMS", "has one of number and text alone, or a text of more than 160 characters")
	}
	for _, h := range n.AfterHours {
		if h < 0 {
			return messageError("SMS", "goes out before the delivery")
		}
	}
	return nil
}

func (n EmailNotification) check() error {
	switch {
	case n.Email == "" || len(n.At) == 0:
		return messageError("Email", "has no address or no time")
	case n.Subject == "" || longer(100, n.Subject):
		return messageError("Email", "has no subject of 1 to 100 characters")
	case n.Text == "" || longer(500, n.Text):
		return messageError("Email", "has no text of 1 to 500 characters")
	}
	return nil
}

type xmlTime struct {
	Time string `xml:"time,attr"`
}

type xmlSMS struct {
	Overrides *struct {
		Mobile string `xml:"sms-mobile-number"`
		Text   string `xml:"text"`
	} `xml:"overrides"`
	At         []xmlTime `xml:"at"`
	AfterHours []int     `xml:"after-hours"`
}

type xmlEmail struct {
	Email   string    `xml:"email-address"`
	Subject string    `xml:"subject"`
	Text    string    `xml:"text"`
	At      []xmlTime `xml:"at"`
}

func dateTime(t time.Time) string { return t.Format(time.RFC3339Nano) }

func times(at []time.Time) []xmlTime {
	var out []xmlTime
	for _, t := range at {
		out = append(out, xmlTime{dateTime(t)})
	}
	return out
}

// wire of nil is nil.
func (n *SMSNotification) wire() *xmlSMS {
	if n == nil {
		return nil
	}
	w := &xmlSMS{At: times(n.At), AfterHours: n.AfterHours}
	if n.Text != "" {
		w.Overrides = &struct {
			Mobile string `xml:"sms-mobile-number"`
			Text   string `xml:"text"`
		}{n.Mobile, n.Text}
	}
	return w
}

// wire of nil is nil.
func (n *EmailNotification) wire() *xmlEmail {
	if n == nil {
		return nil
	}
	return &xmlEmail{n.Email, n.Subject, n.Text, times(n.At)}
}
