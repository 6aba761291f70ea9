// Package contractone models the contract ledger (契約データベース) of Contract
// One by Sansan, Inc.: its entries and items, who may see them, the settings of
// its e-signature link, and a port, Ledger, that a ledger fits behind.
//
// Sansan publishes no API for Contract One: no reference, no host for programs,
// no sandbox, no webhook. So this package holds no client and no address. It
// holds the behaviour that the vendor's help pages describe, so that a program
// can keep a ledger by the same rules, and the port behind which a company that
// has a private interface can put it. Documented ways into the product are its
// own e-signature links, which only the vendor runs, and the import of PDF
// files on its screens.
//
// # Ledgers
//
// Package contractone/sqlledger keeps the ledger in the user's own database and
// folder. Package contractonetest holds a reference ledger in memory for tests,
// and a conformance suite for whoever writes a Ledger of their own.
//
// Three packages lead into the product itself: contractone/bundle writes a folder
// for a person to import, contractone/bulkcsv edits the CSV of its bulk update, and
// contractone/gateway speaks to an interface of the customer's own.
//
// # The rules
//
//   - One entry for each file, not for each document; Key names the file.
//   - Only items that have a value are carried. No value is not the same as
//     zero: see Amount.
//   - Registration writes once. Registering the same key again changes nothing,
//     and what is changed at the source later does not arrive.
//   - A value that a user typed beats a linked one, and a linked one beats a
//     digitised one; see Provenance.
//   - A PDF never changes after registration, and entries are not deleted.
//   - Every entry has a share scope and at least one responsible user or group.
//   - Each registration uses up one of the contracts the customer paid for.
//
// The vendor's labels in Japanese are data (Item.LabelJA, Step.LabelJA), never
// identifiers, because its screens rename them now and then.
package contractone

// SetupGuideURL is the vendor's help page that explains, screen by screen, how a
// system administrator links CloudSign with Contract One. The vendor publishes
// no address of the settings screen itself, so none is given here: sign in and
// open システム設定 > 電子契約サービス連携.
func SetupGuideURL() string {
	return "https://support.contract-one.com/hc/ja/articles/5735293007129"
}
