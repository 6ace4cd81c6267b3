package scenarios

// Verb is something that a step of the timeline does.
type Verb struct {
	Name  string
	About string
	// Needs are fields of the step that must be given, May those that can be.
	Needs, May []string
}

// The verbs of the timeline.
const (
	CompactLog      = "compact-log"
	SwitchLeader    = "switch-leader"
	Burst           = "burst"
	StartDeltas     = "start-deltas"
	StopDeltas      = "stop-deltas"
	PauseNode       = "pause"
	ResumeNode      = "resume"
	CutOffNode      = "cut-off"
	HealNode        = "heal"
	TriggerRebuild  = "trigger-rebuild"
	TriggerSnapshot = "trigger-snapshot"
	CancelStaging   = "cancel"
	ArmFault        = "arm"
	DisarmFault     = "disarm"
	RestartRecon    = "restart"
	KillRecon       = "kill-recon"
	SetConfig       = "set-config"
	DisturbNetwork  = "disturb-network"
	Wait            = "wait"
)

// Verbs lists every verb with what it takes.
func Verbs() []Verb {
	return []Verb{
		{CompactLog, "the OM drops its delta log: the sequence number Recon asks for next is missing", nil, []string{"node"}},
		{SwitchLeader, "another OM node becomes the leader", nil, []string{"to"}},
		{Burst, "so many OM transactions happen at once", []string{"count"}, nil},
		{StartDeltas, "steady OM transactions begin", nil, []string{"rate"}},
		{StopDeltas, "steady OM transactions end", nil, nil},
		{PauseNode, "an OM node answers no more, its connections stay open", nil, []string{"node"}},
		{ResumeNode, "a paused OM node answers again", nil, []string{"node"}},
		{CutOffNode, "Recon can no longer connect to an OM node", nil, []string{"node"}},
		{HealNode, "Recon can connect again", nil, []string{"node"}},
		{TriggerRebuild, "an operator has the served generation rebuilt without a download", nil, nil},
		{TriggerSnapshot, "an operator has Recon download a snapshot and rebuild from it", nil, nil},
		{CancelStaging, "an operator cancels the rebuild", nil, nil},
		{ArmFault, "a fault is armed", []string{"fault"}, nil},
		{DisarmFault, "a fault is disarmed", []string{"fault"}, nil},
		{RestartRecon, "Recon is stopped in order and started again", nil, nil},
		{KillRecon, "Recon's machine loses power and comes up again after a while; the disk may lose what was not synced", nil, []string{"policy", "for"}},
		{SetConfig, "an operator changes settings and restarts Recon, as no key takes effect in a running one", []string{"config"}, nil},
		{DisturbNetwork, "messages between Recon and the OM take time, get lost or arrive twice from now on; without values they no longer do", nil, []string{"latency", "lossPercent", "duplicatePercent"}},
		{Wait, "nothing happens for a while", []string{"for"}, nil},
	}
}

func verbNamed(name string) (Verb, bool) {
	for _, v := range Verbs() {
		if v.Name == name {
			return v, true
		}
	}
	return Verb{}, false
}

func verbNames() []string {
	var names []string
	for _, v := range Verbs() {
		names = append(names, v.Name)
	}
	return names
}
