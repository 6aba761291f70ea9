// Package ledgermap says which information of a CloudSign file becomes which
// item of a Contract One entry: the nine items of the vendor's own link, present
// values only, one entry for each file.
//
// The vendor's help page names the items of both sides by their screen labels.
// That a CloudSign label stands for a certain member of the CloudSign Web API
// follows from the API's description, which uses the same labels. Which of the
// two titles of CloudSign the link reads is not published, so it is a
// [TitlePolicy].
//
// [New] gives the map ready to run. A program that wants to carry more adds rules
// to it, or fields to what [Definition] returns; the catalogues hold the
// counterparty on both sides for this, although the vendor's link leaves it out.
//
// Findings are warnings of this package ([CodeEndBeforeStart] and the others)
// and those of the mapping engine. None of them stops a registration: whether an
// entry is held back is the caller's choice.
package ledgermap
