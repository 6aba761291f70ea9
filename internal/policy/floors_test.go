package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	anyExported = "every exported package"
	anything    = "everything"
)

// The parts of the table below that several packages share.
var (
	clientFloor  = []string{".", "internal/api", "internal/webhook"}
	fakeFloor    = []string{"countersigntest"}
	adapterFloor = []string{".", "orchestration", "orchestration/sqlstore"}
)

func flowFloor(parts ...string) []string {
	return append(parts, ".", "mapping", "orchestration")
}

// floors says for each package of the workspace which packages of the
// workspace it may import outside its tests. A package that is not here fails:
// it has no floor yet.
var floors = map[string][]string{
	".":                {},
	"internal/api":     {"."},
	"internal/webhook": {"."},
	"internal/sqldb":   {"."},
	"internal/policy":  {},

	"cloudsign":             clientFloor,
	"docusign":              clientFloor,
	"activecampaign":        clientFloor,
	"digipost":              clientFloor,
	"salesdock":             clientFloor,
	"contractone":           clientFloor,
	"contractone/sqlledger": {".", "contractone", "internal/sqldb"},
	"contractone/bundle":    {".", "contractone"},
	"contractone/bulkcsv":   {".", "contractone"},
	"contractone/gateway":   {".", "contractone", "internal/api"},

	// A fake never imports the client that it is the counterpart of: with types
	// of its own, one bug can't hide on both sides.
	"countersigntest":         {},
	"cloudsigntest":           fakeFloor,
	"docusigntest":            fakeFloor,
	"activecampaigntest":      fakeFloor,
	"digiposttest":            fakeFloor,
	"salesdocktest":           fakeFloor,
	"contractone/gatewaytest": fakeFloor,
	// No service stands behind the ledger port, so its reference ledger
	// implements the port itself.
	"contractonetest": {".", "contractone", "countersigntest"},

	"mapping":            {"."},
	"mapping/ledgermap":  {".", "mapping", "cloudsign", "contractone"},
	"mapping/contactmap": {".", "mapping", "docusign", "activecampaign"},
	"mapping/salemap":    {".", "mapping", "salesdock"},

	"orchestration":                       {"."},
	"orchestration/ledgersync":            flowFloor("cloudsign", "contractone", "mapping/ledgermap"),
	"orchestration/ledgersync/reviewpage": {".", "contractone", "mapping", "mapping/ledgermap", "orchestration/ledgersync"},
	"orchestration/envelopesync":          flowFloor("docusign", "activecampaign", "mapping/contactmap"),
	"orchestration/senderonboarding":      flowFloor("digipost"),
	"orchestration/salelink":              flowFloor("salesdock", "mapping/salemap"),
	"orchestration/sqlstore":              {".", "orchestration", "internal/sqldb"},
	"orchestration/storetest":             {".", "orchestration", "internal/sqldb"},
	"orchestration/sqlite":                adapterFloor,
	"orchestration/postgres":              adapterFloor,
	"orchestration/riverengine":           adapterFloor,

	"examples/cluster":         {anyExported},
	"examples/quickstart":      {anyExported},
	"examples/ledgersync":      {anyExported, "examples/cluster"},
	"examples/signing":         {anyExported},
	"examples/docusignaccount": {anyExported},
	"examples/docusign":        {anyExported, "examples/docusignaccount"},
	"examples/draft":           {anyExported, "examples/docusignaccount"},
	"examples/envelopesync":    {anyExported, "examples/docusignaccount", "examples/cluster"},
	"examples/onboarding":      {anyExported, "examples/cluster"},
	"examples/salelink":        {anyExported, "examples/cluster"},
	"examples/movestate":       {anyExported},
	"examples/observability":   {anyExported},
	"examples/proof":           {anyExported},
	"internal/conformance":     {anything},
}

type listedPackage struct {
	ImportPath string
	Imports    []string
}

// checkFloors compares what packages import with the table.
func checkFloors(pkgs []listedPackage, table map[string][]string) []string {
	var found []string
	for _, pkg := range pkgs {
		name, _ := ours(pkg.ImportPath)
		allowed, known := table[name]
		if !known {
			found = append(found, name+" has no floor: add it to the table")
			continue
		}
		for _, imp := range pkg.Imports {
			if target, own := ours(imp); own && !mayImport(allowed, target) {
				found = append(found, fmt.Sprintf("%s imports %s, which lies outside its floor", name, target))
			}
		}
	}
	return found
}

func mayImport(allowed []string, target string) bool {
	switch {
	case slices.Contains(allowed, target), slices.Contains(allowed, anything):
		return true
	case strings.HasPrefix(target, "internal/"), strings.HasPrefix(target, "examples/"):
		return false
	default:
		return slices.Contains(allowed, anyExported)
	}
}

func TestFloors(t *testing.T) {
	t.Parallel()
	pkgs := goTool[listedPackage](t, root(t), "list", "-json=ImportPath,Imports", "work")
	require.NotEmpty(t, pkgs)
	require.Empty(t, checkFloors(pkgs, floors))
}

// The table itself must have no cycle and no misspelt name.
func TestFloorsAreLayers(t *testing.T) {
	t.Parallel()
	depth := map[string]int{}
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		require.NotContains(t, path, name, "a cycle of floors")
		for _, target := range floors[name] {
			if target == anyExported || target == anything {
				continue
			}
			require.Contains(t, floors, target, "%s names a package that has no floor", name)
			visit(target, append(path, name))
			depth[name] = max(depth[name], depth[target]+1)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(floors)) {
		visit(name, nil)
	}
	require.Zero(t, depth["."])
}

func TestFloorsFindBreaches(t *testing.T) {
	t.Parallel()
	for name, pkg := range map[string]listedPackage{
		"unknown package":           {modulePath + "/utilities", nil},
		"root imports a client":     {modulePath, []string{modulePath + "/cloudsign"}},
		"fake imports its client":   {modulePath + "/cloudsigntest", []string{modulePath + "/cloudsign"}},
		"client imports a flow":     {modulePath + "/cloudsign", []string{modulePath + "/orchestration"}},
		"example imports internals": {modulePath + "/examples/ledgersync", []string{modulePath + "/internal/api"}},
		"adapter imports internals": {modulePath + "/orchestration/sqlite", []string{modulePath + "/internal/sqldb"}},
		"someone imports examples":  {modulePath + "/cloudsign", []string{modulePath + "/examples/ledgersync"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Len(t, checkFloors([]listedPackage{pkg}, floors), 1)
		})
	}
	fine := listedPackage{modulePath + "/cloudsign", []string{"fmt", modulePath, modulePath + "/internal/api"}}
	require.Empty(t, checkFloors([]listedPackage{fine}, floors))
}
