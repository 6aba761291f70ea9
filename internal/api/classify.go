package api

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
)

// verdict is what follows from one attempt.
type verdict int

const (
	done    verdict = iota // the answer is the result
	again                  // safe to repeat
	stop                   // failed, and known to have had no effect or no use in repeating
	unknown                // a write may or may not have happened
)

// outcome is what one attempt came to.
type outcome struct {
	effect     Effect
	status     int   // 0: no answer
	err        error // no answer, or one that broke off
	retryAfter bool  // the service said when to come back
	left       bool  // the caller's context ended
	repeat     Repeat
}

// classify is the only place that decides what may be repeated.
func classify(o outcome) verdict {
	if o.err != nil {
		return classifyError(o)
	}
	switch {
	case o.status >= 200 && o.status < 300:
		return done
	case o.status < 400:
		// A redirect that can't be followed: nobody knows what it stands for.
		if o.effect == Read {
			return stop
		}
		return unknown
	case o.repeat == RepeatLater:
		return again
	case o.repeat == RepeatNever:
		return stop
	case o.status == http.StatusTooManyRequests || o.status == http.StatusTooEarly:
		return again // refused before anything was done
	case o.status == http.StatusServiceUnavailable && o.retryAfter:
		return again
	case o.status == http.StatusNotImplemented:
		return stop
	case o.status == http.StatusRequestTimeout || o.status >= 500:
		return maybeDone(o)
	}
	return stop
}

// maybeDone: the service failed and may have acted before.
func maybeDone(o outcome) verdict {
	gateway := o.status == http.StatusRequestTimeout || o.status == http.StatusBadGateway ||
		o.status == http.StatusServiceUnavailable || o.status == http.StatusGatewayTimeout
	switch {
	case o.effect == Write:
		return unknown
	case gateway:
		return again
	case o.effect == IdempotentWrite:
		return unknown
	}
	return stop
}

func classifyError(o outcome) verdict {
	switch {
	case permanent(o.err):
		return stop
	case notSent(o.err):
		return again
	case o.left:
		// The service may still be at work.
		if o.effect == Read {
			return stop
		}
		return unknown
	case o.effect == Write:
		return unknown
	}
	return again
}

// permanent: repeating can't help, and the service did nothing.
func permanent(err error) bool {
	if _, ok := errors.AsType[*uploadError](err); ok {
		return true
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	return errors.Is(err, errRedirect)
}

// notSent: the connection was never made.
func notSent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	_, dns := errors.AsType[*net.DNSError](err)
	return dns
}
