package salemap

import (
	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
)

// energySale writes a site as a new energy sale takes it: usage_normal is
// usage_e_high there, double_meter is tarifftype, living_working_function is
// building_function and gasregion is g_region.
func energySale(kind string, site *salesdock.EnergySite) salesdock.EnergySale {
	out := salesdock.EnergySale{Type: kind, BuildingFunction: site.LivingWorkingFunction}
	if e := site.Electricity; e != nil && kind != "g" {
		out.DoubleMeter = e.DoubleMeter
		out.UsageSingle, out.UsageHigh, out.UsageLow = e.UsageSingle.Decimal, e.UsageNormal.Decimal, e.UsageLow.Decimal
		out.Return, out.ReturnHigh, out.ReturnLow = e.ReturnSingle.Decimal, e.ReturnNormal.Decimal, e.ReturnLow.Decimal
		out.HasReturn = salesdock.Bool(some(out.Return) || some(out.ReturnHigh) || some(out.ReturnLow))
		out.Connection, out.EAN = string(e.Connection), string(e.EAN)
	}
	if g := site.Gas; g != nil && kind != "e" {
		out.UsageGas = g.Usage.Decimal
		out.GasConnection, out.GasRegion, out.GasEAN = string(g.Connection), string(g.Region), string(g.EAN)
	}
	return out
}

// some reports an amount that is there and not nought.
func some(d countersign.Decimal) bool {
	for _, r := range d.String() {
		if r >= '1' && r <= '9' {
			return true
		}
	}
	return false
}
