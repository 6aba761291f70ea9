package docusign

import (
	"maps"
	"slices"
	"strconv"
)

// filling puts values into tabs by their labels, and collects what does not fit.
type filling struct {
	values  map[string]string
	left    map[string]string // labels for which no tab was found yet
	refused refusals
}

func newFilling(values map[string]string) *filling {
	return &filling{values: values, left: maps.Clone(values)}
}

// value gives the value for a label, if there is one.
func (f *filling) value(label string) (string, bool) {
	value, ok := f.values[label]
	delete(f.left, label)
	return value, ok
}

// tab gives a tab its value. Without choices any value of a list goes.
func (f *filling) tab(label string, tab Tab, kind TabKind, choices []string, value string) Tab {
	if kind == CheckboxTabs {
		on, err := strconv.ParseBool(value)
		if err != nil && value != "" {
			f.refuse(label, "TAB_VALUE", "a checkbox takes true or false")
		}
		tab.Selected = new(Bool(on))
		return tab
	}
	f.choice(label, choices, value)
	tab.Value = new(Text(value))
	return tab
}

// choice checks that a value is one of the choices, or empty.
func (f *filling) choice(label string, choices []string, value string) {
	if value != "" && len(choices) > 0 && !slices.Contains(choices, value) {
		f.refuse(label, "TAB_VALUE", "the value is none of the tab's choices")
	}
}

func (f *filling) refuse(label, code, message string) {
	f.refused.add(label, &ErrorDetails{Code: code, Message: message})
}

// err says what did not fit, in the order of the labels.
func (f *filling) err(op string) error {
	for _, label := range slices.Sorted(maps.Keys(f.left)) {
		f.refuse(label, "TAB_NOT_FOUND", "no tab that can be filled has this label")
	}
	return f.refused.err(op)
}

// fill gives the tabs that values change, ready to be sent.
func (t *Tabs) fill(values map[string]string) (*Tabs, error) {
	f, out := newFilling(values), &Tabs{}
	if t == nil {
		return out, f.err("prefill tabs")
	}
	lists := out.lists()
	for i, l := range t.lists() {
		for _, tab := range *l.list {
			label := string(tab.Label)
			if value, ok := f.value(label); ok {
				*lists[i].list = append(*lists[i].list, f.tab(label, Tab{ID: tab.ID}, l.kind, tab.choices(), value))
			}
		}
	}
	for _, g := range t.RadioGroups {
		label := string(g.GroupName)
		if value, ok := f.value(label); ok {
			f.choice(label, g.choices(), value)
			out.RadioGroups = append(out.RadioGroups, chosen(g, value))
		}
	}
	return out, f.err("prefill tabs")
}

func (t Tab) choices() []string {
	var out []string
	for _, item := range t.Items {
		out = append(out, string(item.Value))
	}
	return out
}

func (g RadioGroup) choices() []string {
	var out []string
	for _, r := range g.Radios {
		out = append(out, string(r.Value))
	}
	return out
}

func chosen(g RadioGroup, value string) RadioGroup {
	out := RadioGroup{GroupName: g.GroupName, DocumentID: g.DocumentID}
	for _, r := range g.Radios {
		out.Radios = append(out.Radios, Radio{TabID: r.TabID, Value: r.Value, Selected: new(Bool(string(r.Value) == value))})
	}
	return out
}
