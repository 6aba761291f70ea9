package conformance

// The places in CloudSign Web API 0.31.0 that the overlay cites.
const (
	schemas    = "/components/schemas/"
	aDocument  = "/paths/~1documents~1{documentID}/get/responses/"
	aCert      = "/paths/~1documents~1{documentID}~1certificate/get/responses/"
	status     = schemas + "documentModel/properties/status/description"
	ofDocument = schemas + "documentModel/properties/"
)

var (
	attribute = []string{"GET /documents/{documentID}/attribute", "PUT /documents/{documentID}/attribute"}
	alert     = []string{"GET /documents/{documentID}/alert", "PUT /documents/{documentID}/alert"}
)

// CloudSign is the overlay for CloudSign Web API 0.31.0.
func CloudSign() []Change {
	overlay := []Change{
		// The description lists the state, the enum leaves it out.
		{Schema: "documentModel", Member: "status", Enum: float64(13), At: status, Cites: "* 13 - インポート書類"},
		// A draft was not sent, so it has no time of sending.
		{Schema: "documentModel", Member: "sent_at", Null: true, At: status, Cites: "* 0 - 下書き"},
		// The time of the last consent or refusal is unknown before the first.
		{
			Schema: "documentModel", Member: "last_processed_at", Null: true,
			At: ofDocument + "last_processed_at/description", Cites: "最後の同意/却下日時",
		},
		{
			Schema: "participantModel", Member: "processed_at", Null: true,
			At: schemas + "participantModel/properties/processed_at/description", Cites: "各受信者による書類の同意/却下日時",
		},
		// An imported document was never sent.
		{
			Schema: "importedDocumentModel", Member: "sent_at", Null: true,
			At: schemas + "importedDocumentModel/properties/status/description", Cites: "* 13 - インポート書類",
		},
		// Recipients of embedded signing by SMS have no address.
		{
			Schema: "participantModel", Member: "email", Format: noneOrEmail,
			At: schemas + "requestBodyEmail/description", Cites: "callbackがfalseの場合、必須",
		},
		// The information of a document that does not exist can't be written.
		{
			Operations: []string{"PUT /documents/{documentID}/attribute"}, Status: 404,
			At: aDocument + "404/description", Cites: "指定された書類が存在しない場合",
		},
		// These calls need a token as well; what is wrong with it is described
		// where a document is read.
		{
			Operations: append(attribute[:2:2], alert...), Status: 400,
			At: aDocument + "400/description", Cites: "アクセストークンが適切に設定されていない場合",
		},
		{
			Operations: append(attribute[:2:2], alert...), Status: 401,
			At: aDocument + "401/description", Cites: "アクセストークンが無効な場合",
		},
		// The limit is the token's, not the certificate's.
		{
			Operations: []string{"*"}, Status: 429,
			At: aCert + "429/description", Cites: "同一のアクセストークンを用いたリクエストが1分間に800回を超えた場合",
		},
	}
	for _, schema := range []string{"documentAttributeModel", "documentAttributeUpsertRequest"} {
		for _, member := range []string{"contract_at", "validity_start_at", "validity_end_at", "validity_end_notice_at"} {
			of := schemas + schema + "/properties/" + member
			overlay = append(overlay,
				Change{Schema: schema, Member: member, Null: true, At: of + "/description", Cites: "nullを許容する"},
				// A "$" stands before the format of the attribute's dates and
				// times, unlike everywhere else.
				Change{
					Schema: schema, Member: member, Format: "YYYY-MM-DD",
					At: schemas + "documentAlertModel/properties/alert_at/format", Cites: "YYYY-MM-DD",
				})
		}
		overlay = append(overlay, Change{
			Schema: schema, Member: "amount", Null: true,
			At: schemas + schema + "/properties/amount/description", Cites: "nullを許容する",
		})
	}
	for _, member := range []string{"created_at", "updated_at"} {
		overlay = append(overlay, Change{
			Schema: "documentAttributeModel", Member: member, Format: "YYYY-MM-DDThh:mm:ssZ",
			At: ofDocument + member + "/format", Cites: "YYYY-MM-DDThh:mm:ssZ",
		})
	}
	return overlay
}
