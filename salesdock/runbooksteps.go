package salesdock

// ownerSteps are those of the account that owns the propositions.
var ownerSteps = []stepText{
	{
		id: "B1", kind: Automated, path: []string{"Account", "Organisatie", "Toevoegen"},
		nl: "maak de organisatie {organisation} aan", en: "make the organisation {organisation}",
		checkNL: "de organisatie staat in de lijst", checkEN: "the organisation is in the list",
	},
	{
		id: "B2a", kind: Automated, path: []string{"Account", "Organisatie", "{organisation}"},
		nl: "geef de organisatie de rechten voor de producten", en: "give the organisation the rights to the products",
		checkNL: "de rechten worden teruggelezen en vergeleken", checkEN: "the rights are read back and compared",
	},
	{
		id: "B2b", kind: Verifiable, path: []string{"Account", "Organisatie", "{organisation}"},
		nl: "geef de organisatie de rechten voor de flows; een product is pas te verkopen met zijn flow", en: "give the organisation the rights to the flows; a product sells only together with its flow",
		checkNL: "het token van de gebruiker ziet de flows", checkEN: "the user's token sees the flows",
	},
	{
		id: "B3", kind: Verifiable, path: []string{"Account", "Gebruikers", "Toevoegen"},
		nl:      "voeg een gebruiker van het type Agent toe aan de organisatie, puur voor de koppeling, met de naam {user}; een uitnodiging via de API vraagt een mailbox",
		en:      "add a user of the type Agent to the organisation, for the link alone, named {user}; an invitation through the API needs a mailbox",
		checkNL: "de gebruiker staat in de lijst, met de rol agent en deze organisatie", checkEN: "the user is in the list, with the role agent and this organisation",
	},
	{
		id: "B4", kind: Manual, mode: NativeLink, path: []string{"Account", "Gebruikers", "{user}", "API token", "Genereer"},
		nl: "zet het schuifje aan dat de API key voor een integratie wordt gebruikt, en klik op 'Sla token op'; het token werkt dan alleen binnen Salesdock",
		en: "switch on that the API key is used for an integration, and click 'Sla token op'; the token then works inside Salesdock alone",
	},
	{
		id: "B4", kind: Verifiable, mode: SDKLink, path: []string{"Account", "Gebruikers", "{user}", "API token", "Genereer"},
		nl:      "laat het schuifje dat de API key voor een integratie wordt gebruikt uit, want zo'n token werkt alleen binnen Salesdock, en klik op 'Sla token op'",
		en:      "leave the switch that the API key is used for an integration off, since such a token works inside Salesdock alone, and click 'Sla token op'",
		checkNL: "het token leest de producten", checkEN: "the token reads the products",
	},
	{
		id: "B5", kind: Manual,
		nl: "geef het token op een veilige manier aan {A}: wie het heeft, kan orders inleggen bij {B}", en: "hand the token to {A} in a safe way: who has it can place orders with {B}",
	},
	{
		id: "B6", kind: Manual, mode: NativeLink, path: []string{"Integraties"},
		nl: "stel bij de inkomende integratie in: 'Zet verificatie validatie uit', de begin-status van een inkomende offerte en order, wie de klant mailt (precies één van beide), 'zet accordering validatie uit', 'Accepteer annuleringsverzoeken'",
		en: "set for the incoming integration: 'Zet verificatie validatie uit', the first status of an incoming offer and order, who mails the customer (exactly one of the two), 'zet accordering validatie uit', 'Accepteer annuleringsverzoeken'",
	},
	{
		id: "B6", kind: Manual, mode: SDKLink,
		nl: "spreek af wie de klant mailt (precies één van beide) en of {B} een handtekening eist: die is via de API niet op te halen",
		en: "agree who mails the customer (exactly one of the two) and whether {B} demands a signature, which can't be read through the API",
	},
}

// sellerSteps are those of the account that sells them.
var sellerSteps = []stepText{
	{
		id: "A1", kind: Manual, mode: NativeLink, path: []string{"Integraties", "Toevoegen"},
		nl: "vul de accountnaam {B} en het token in, klik op 'Test API verbinding' en sla op", en: "fill in the account name {B} and the token, click 'Test API verbinding' and save",
	},
	{
		id: "A1", kind: Automated, mode: SDKLink,
		nl: "test de verbinding met het token van {B}", en: "test the connection with the token of {B}",
		checkNL: "401 wijst op het token, 403 op account, rol, adres of een token dat alleen voor een integratie is", checkEN: "401 points at the token, 403 at account, role, address or a token for integrations alone",
	},
	{
		id: "A2", kind: Manual, mode: NativeLink, path: []string{"Integraties", "{B}", "Instellingen", "Instellingen synchroniseren"},
		nl: "kies voor producten die er bij {B} niet meer zijn: doe niks, deactiveer of verwijderen", en: "choose for products that are gone at {B}: do nothing ('doe niks'), deactivate ('deactiveer') or delete ('verwijderen')",
	},
	{
		id: "A2", kind: Automated, mode: SDKLink,
		nl: "kies voor producten die er bij {B} niet meer zijn: niets, deactiveren of verwijderen", en: "choose for products that are gone at {B}: nothing, deactivate or delete",
		checkNL: "het plan toont wat er zou gebeuren", checkEN: "the plan shows what would happen",
	},
	{
		id: "A3", kind: Manual, mode: NativeLink, path: []string{"Integraties", "{B}", "Instellingen", "Sales"},
		nl: "zet 'Zet saleverwerking aan' aan; met 'Zet automatische saleverwerking aan' kies je bij 'Verwerk order op status?' altijd of Specifiek; zonder dat verstuur je zelf vanuit de transactie met 'verzenden'",
		en: "switch on 'Zet saleverwerking aan'; with 'Zet automatische saleverwerking aan' choose always or Specifiek at 'Verwerk order op status?'; without it you send from the transaction with 'verzenden'",
	},
	{
		id: "A4", kind: Manual, mode: NativeLink, path: []string{"Integraties", "{B}", "Instellingen", "Sale updates"},
		nl: "zet 'Controleer updates van een sale' aan als de statussen van {B} opgehaald moeten worden", en: "switch on 'Controleer updates van een sale' if the statuses of {B} are to be pulled",
	},
	{
		id: "A5", kind: Manual, mode: NativeLink, path: []string{"Integraties", "{B}", "Instellingen"},
		nl: "zet 'Verstuur opt-in informatie' aan om opt-in data mee te sturen; die komt alleen via de dialer", en: "switch on 'Verstuur opt-in informatie' to send opt-in data along, which comes through the dialer alone",
	},
	{
		id: "A6", kind: Manual, mode: NativeLink, path: []string{"Integraties", "{B}", "Instellingen", "Condities bij verwerken van een sale"},
		nl: "wie condities gebruikt, zet 'Zet saleverwerking aan' hier aan en laat het onder Sales uit", en: "with conditions, switch 'Zet saleverwerking aan' on here and leave it off under Sales",
	},
	{
		id: "A3", kind: Automated, mode: SDKLink,
		nl: "kies hoe orders worden doorgezet: uit, handmatig of automatisch, met statussen of condities", en: "choose how orders are forwarded: off, manual or automatic, by status or by conditions",
		checkNL: "de instellingen worden vooraf gecontroleerd", checkEN: "the settings are checked beforehand",
	},
	{
		id: "A7", kind: Verifiable, mode: NativeLink, path: []string{"Integraties", "{B}", "Producten"},
		nl: "selecteer de producten die je wilt importeren; 'Laatst gesynchroniseerd om' verandert alleen als er iets gewijzigd is, 'Synchroniseer nu' kijkt meteen", en: "select the products to import; 'Laatst gesynchroniseerd om' moves only when something changed, 'Synchroniseer nu' looks at once",
		checkNL: "de producten staan in de lijst van {A}", checkEN: "the products are in the list of {A}",
	},
	{
		id: "A8", kind: Manual, mode: NativeLink, path: []string{"Integraties", "{B}", "Flows", "Save mapping"},
		nl: "kies bij elke flow van {B} je eigen flow", en: "choose your own flow for each flow of {B}",
	},
	{
		id: "A9", kind: Manual, mode: NativeLink, path: []string{"Integraties", "{B}", "Productvragen"},
		nl: "koppel je vragen aan die van {B}; het i-icoon toont type, validaties, condities en antwoordopties; wat niet klopt, valt uit bij het doorzetten", en: "map your questions to those of {B}; the i icon shows type, validations, conditions and options; what does not fit drops out when it is forwarded",
	},
	{
		id: "A10", kind: Manual, mode: NativeLink, path: []string{"Integraties", "{B}", "Accorderingen"},
		nl: "koppel je accorderingen aan die van {B}", en: "map your agreements to those of {B}",
	},
	{
		id: "A11", kind: Manual, mode: NativeLink, path: []string{"Integraties", "{B}", "Statussen"},
		nl: "koppel de statussen die {B} zelf heeft gemaakt, anders worden ze niet gesynchroniseerd; 'Toon systeemstatussen' laat ook die van Salesdock koppelen", en: "map the statuses that {B} made, which are not synced otherwise; 'Toon systeemstatussen' lets you map Salesdock's own too",
	},
	{
		id: "A8", kind: Automated, mode: SDKLink,
		nl: "koppel flows, vragen, accorderingen en statussen in de mapping", en: "map flows, questions, agreements and statuses in the mapping",
		checkNL: "de mapping wordt gecontroleerd: vooraf, voor elke order en na elke wijziging", checkEN: "the mapping is checked: beforehand, before each order and after each change",
	},
}
