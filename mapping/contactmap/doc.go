// Package contactmap says what of a DocuSign envelope becomes what of an
// ActiveCampaign contact, and back: the actions and their tags ([TagSet]), the
// fields of a contact ([New]), the record of the envelope on the contact
// ([RecordFields]), and the contact's values in the tabs of a template
// ([Prefill]).
//
// A map goes from fields that exist to contact fields that exist. Fields of
// accounts and deals are refused, no field is made, and the e-mail address is
// required: without it there is no contact.
package contactmap
