module github.com/countersign/countersign/internal/conformance

go 1.26.0

require github.com/countersign/countersign v0.1.0

require (
	github.com/getkin/kin-openapi v0.152.0 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
)

replace github.com/countersign/countersign => ../..
