// Package countersign is the vocabulary that all of Countersign's packages
// share: errors and their kinds, options, call options, secrets, civil dates,
// three-state values, uploads, downloads and pages.
//
// It talks to no service itself. A program imports the package of the service
// that it needs, such as cloudsign, or a flow of orchestration, and names the
// types of this package where they meet:
//
//	client, err := cloudsign.New(cloudsign.Config{
//		Environment: cloudsign.Production,
//		ClientID:    countersign.NewSecret(os.Getenv("CLOUDSIGN_CLIENT_ID")),
//	}, countersign.WithTimeout(time.Minute))
//	…
//	_, err = client.Documents.Get(ctx, id)
//	if errors.Is(err, countersign.ErrNotFound) {
//		…
//	}
//
// Every client that takes these options is safe for concurrent use and does
// not change after it was made.
package countersign

// Version is the version of the module, sent in the default user agent.
const Version = "0.1.0"
