package main

import "github.com/countersign/countersign/orchestration"

// states are those that mean the same in every flow. A flow's own, such as what it
// calls done, would make labels whose figures only grow.
var states = []string{orchestration.StatePending, orchestration.StateSending, orchestration.StateUncertain, orchestration.StateDead}

// schedule is the name of a schedule's lane. Other lanes have none: their groups are
// contracts, customers and the like, which are too many for a label.
func schedule(lane orchestration.Lane) string {
	if lane.Table == orchestration.ScheduleTable {
		return lane.Group
	}
	return ""
}

// outcome is how a turn ended.
func outcome(err error) string {
	if err != nil {
		return "error"
	}
	return "ok"
}
