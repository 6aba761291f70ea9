package senderonboarding

import "strings"

// texts are those of the built-in pages, by language and key. {name} is the
// vendor's.
var texts = map[string]map[string]string{
	"nb": {
		"us":                      "oss",
		"landing.title":           "Kom i gang med Digipost",
		"landing.intro":           "For at virksomheten din skal kunne sende post i Digipost gjennom {name}, må den ha en Digipost-konto. Du oppretter kontoen hos Digipost, godtar vilkårene og avtalen og velger {name} som systemleverandør. Det gir {name} fullmakt til å sende på vegne av virksomheten. Det tar noen minutter.",
		"landing.for":             "Registreringen gjelder organisasjonsnummer",
		"landing.right.title":     "Du trenger signaturrett",
		"landing.right":           "Den som oppretter kontoen, må ha signaturrett for virksomheten i Brønnøysundregistrene.",
		"landing.otherwise.title": "Har du ikke signaturrett?",
		"landing.otherwise":       "Da kan du fylle ut et skjema hos Digipost. Digipost kontrollerer virksomheten manuelt før kontoen åpnes. Det kan ta noen dager. Du trenger ikke gjøre noe mer imens.",
		"landing.back":            "Når kontoen er klar, viser Digipost en lenke som fører deg tilbake hit. Klikk på den før du lukker vinduet.",
		"landing.org":             "Organisasjonsnummer (valgfritt)",
		"landing.org.hint":        "Ni siffer",
		"landing.org.error":       "Organisasjonsnummeret er ikke gyldig. Kontroller at alle ni sifrene stemmer, eller la feltet stå tomt.",
		"landing.error":           "Feil: ",
		"expect.title":            "Hva du kan vente deg",
		"expect.sole":             "Ifølge Brønnøysundregistrene kan én person signere alene for virksomheten. Er det deg, blir kontoen vanligvis klar med en gang.",
		"expect.joint":            "Ifølge Brønnøysundregistrene må flere signere sammen for virksomheten. Da kan det hende at Digipost må kontrollere den manuelt, og det kan ta noen dager.",
		"expect.unknown":          "Vi vet ikke hvem som kan signere for virksomheten. Kan du ikke signere alene, kan det hende at Digipost må kontrollere den manuelt, og det kan ta noen dager.",
		"expect.note":             "Dette er bare til opplysning. Digipost avgjør hvordan registreringen går.",
		"landing.go":              "Fortsett til Digipost",
		"open.title":              "Registreringen er ikke ferdig",
		"open":                    "Vi har ikke fått svar fra Digipost ennå. Fullfør registreringen hos Digipost, og klikk på lenken som fører deg tilbake. Har du lukket vinduet, kan du starte på nytt fra tjenesten der du begynte. Hvis Digipost må godkjenne virksomheten manuelt, kan det ta noen dager.",
		"claim.title":             "Logg inn for å fullføre",
		"claim":                   "Registreringen hos Digipost er ferdig. Logg inn, så knytter vi kontoen til virksomheten din.",
		"claim.go":                "Logg inn",
		"waiting.title":           "Vi kontrollerer kontoen",
		"waiting":                 "Takk! Vi venter på bekreftelse fra Digipost. Vanligvis tar det et øyeblikk. Hvis Digipost må kontrollere virksomheten manuelt, kan det ta noen dager. Du kan trygt lukke siden.",
		"waiting.again":           "Oppdater siden",
		"unproven.title":          "Vi ser på registreringen",
		"unproven":                "Registreringen er mottatt, men vi kunne ikke bekrefte den automatisk. Vi ser på den og tar kontakt.",
		"done.title":              "Digipost er klart til bruk",
		"done":                    "Virksomheten din kan nå sende post i Digipost gjennom {name}.",
		"done.sender":             "Avsender-id",
		"done.address":            "Digipost-adresse",
		"done.go":                 "Gå videre",
		"home":                    "Til forsiden",
		"invalid.title":           "Lenken virker ikke",
		"invalid":                 "Denne lenken er ikke gyldig. Start på nytt fra tjenesten der du begynte.",
		"expired.title":           "Lenken er utløpt",
		"expired":                 "Det gikk for lang tid. Start på nytt fra tjenesten der du begynte.",
		"refused.title":           "Kontoen kunne ikke knyttes til kundeforholdet",
		"refused":                 "Vi kunne ikke knytte Digipost-kontoen til kundeforholdet ditt hos oss. Ta kontakt, så hjelper vi deg.",
		"busy.title":              "Prøv igjen om litt",
		"busy":                    "Noe gikk galt hos oss. Ingenting er gått tapt. Last siden på nytt om litt.",
		"organisation.title":      "Noe stemmer ikke",
		"organisation":            "Organisasjonsnummeret som vi har for virksomheten, er ikke gyldig. Ta kontakt, så retter vi det.",
		"denied.title":            "Registreringen kunne ikke startes",
		"denied":                  "Logg inn hos oss, åpne siden på nytt og prøv igjen.",
		"relay.title":             "Et øyeblikk …",
		"relay.go":                "Fortsett",
		"support":                 "Trenger du hjelp?",
		"ready.subject":           "Digipost er klart til bruk",
		"ready.body":              "Hei!\n\nDigipost-kontoen til virksomheten din er godkjent, og {name} kan nå sende post i Digipost på vegne av dere. Dere trenger ikke gjøre noe mer.\n\nOrganisasjonsnummer: {org}\nAvsender-id: {sender}\n\nVennlig hilsen\n{name}\n",
	},
	"en": {
		"us":                      "us",
		"landing.title":           "Get started with Digipost",
		"landing.intro":           "To send mail in Digipost through {name}, your organisation needs a Digipost account. You create it at Digipost, accept the terms and the agreement and choose {name} as your system supplier. That authorises {name} to send on the organisation’s behalf. It takes a few minutes.",
		"landing.for":             "The registration is for organisation number",
		"landing.right.title":     "You need signature right",
		"landing.right":           "Whoever creates the account must have signature right for the organisation in the Brønnøysund Register Centre.",
		"landing.otherwise.title": "You don’t have signature right?",
		"landing.otherwise":       "Then you can fill in a form at Digipost. Digipost checks the organisation by hand before the account is opened. That may take some days. There is nothing else you need to do meanwhile.",
		"landing.back":            "When the account is ready, Digipost shows a link that leads you back here. Click it before you close the window.",
		"landing.org":             "Organisation number (optional)",
		"landing.org.hint":        "Nine digits",
		"landing.org.error":       "The organisation number is not valid. Check all nine digits, or leave the field empty.",
		"landing.error":           "Error: ",
		"expect.title":            "What to expect",
		"expect.sole":             "According to the Brønnøysund Register Centre, one person may sign alone for the organisation. If that is you, the account is usually ready at once.",
		"expect.joint":            "According to the Brønnøysund Register Centre, several people have to sign together for the organisation. Digipost may then have to check it by hand, which may take some days.",
		"expect.unknown":          "We do not know who may sign for the organisation. If you can’t sign alone, Digipost may have to check it by hand, which may take some days.",
		"expect.note":             "This is for your information only. Digipost decides how the registration goes.",
		"landing.go":              "Continue to Digipost",
		"open.title":              "The registration is not finished",
		"open":                    "We have not heard from Digipost yet. Finish the registration at Digipost and click the link that leads you back. If you have closed the window, you can start again from the service where you began. If Digipost has to approve the organisation by hand, it may take some days.",
		"claim.title":             "Sign in to finish",
		"claim":                   "The registration at Digipost is done. Sign in, and we connect the account to your organisation.",
		"claim.go":                "Sign in",
		"waiting.title":           "We are checking the account",
		"waiting":                 "Thank you! We are waiting for Digipost to confirm. Usually that takes a moment. If Digipost has to check the organisation by hand, it may take some days. You can close this page.",
		"waiting.again":           "Update the page",
		"unproven.title":          "We are looking at the registration",
		"unproven":                "The registration has arrived, but we could not confirm it automatically. We will look at it and get in touch.",
		"done.title":              "Digipost is ready to use",
		"done":                    "Your organisation can now send mail in Digipost through {name}.",
		"done.sender":             "Sender id",
		"done.address":            "Digipost address",
		"done.go":                 "Continue",
		"home":                    "To the home page",
		"invalid.title":           "This link does not work",
		"invalid":                 "The link is not valid. Start again from the service where you began.",
		"expired.title":           "This link has expired",
		"expired":                 "It took too long. Start again from the service where you began.",
		"refused.title":           "The account could not be connected",
		"refused":                 "We could not connect the Digipost account to your customer account with us. Get in touch, and we will help.",
		"busy.title":              "Try again in a moment",
		"busy":                    "Something went wrong on our side. Nothing is lost. Load the page again in a moment.",
		"organisation.title":      "Something is not right",
		"organisation":            "The organisation number that we have for you is not valid. Get in touch, and we will correct it.",
		"denied.title":            "The registration could not be started",
		"denied":                  "Sign in with us, open the page again and try once more.",
		"relay.title":             "One moment …",
		"relay.go":                "Continue",
		"support":                 "Need help?",
		"ready.subject":           "Digipost is ready to use",
		"ready.body":              "Hello,\n\nyour organisation’s Digipost account is approved, and {name} can now send mail in Digipost on your behalf. There is nothing else you need to do.\n\nOrganisation number: {org}\nSender id: {sender}\n\nKind regards\n{name}\n",
	},
}

// Message is a text for the customer.
type Message struct{ Subject, Body string }

// ReadyText is what the vendor may send to the customer when a session is ready,
// in Norwegian ("nb") or English ("en"); any other language gives Norwegian. name
// is what the customer calls the vendor's service.
func ReadyText(s Session, name, language string) Message {
	t, ok := texts[language]
	if !ok {
		t = texts["nb"]
	}
	org := string(s.Organisation)
	if org == "" {
		org = "–"
	}
	fill := strings.NewReplacer("{name}", name, "{org}", org, "{sender}", senderText(s.SenderID))
	return Message{Subject: t["ready.subject"], Body: fill.Replace(t["ready.body"])}
}
