package gateway

// ParseError reads problem details.
var ParseError = parseError
