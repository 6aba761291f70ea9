package cloudsign

import (
	"crypto/sha256"
	"sync"

	"github.com/countersign/countersign"
	"golang.org/x/time/rate"
)

// The service refuses more than 800 requests a minute for a token. At most
// burst + 60 × perSecond = 760 fall into any minute.
const (
	perSecond = 12
	burst     = 40
)

// limiters holds one limiter for each client ID and host. It has to be shared by
// the whole process, because the service shares the token, and so the budget,
// between all clients that use the client ID.
var limiters sync.Map // [sha256.Size]byte → *rate.Limiter

func sharedLimiter(host string, clientID countersign.Secret) countersign.Limiter {
	key := sha256.Sum256([]byte(host + "\x00" + clientID.Reveal()))
	l, _ := limiters.LoadOrStore(key, rate.NewLimiter(perSecond, burst))
	return l.(countersign.Limiter)
}
