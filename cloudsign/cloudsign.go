// Package cloudsign is a client of the CloudSign Web API.
package cloudsign
