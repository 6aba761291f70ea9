package riverengine_test

const workerDSN = "COUNTERSIGN_RIVERENGINE_WORKER"

func workerProcess(string) int { return 0 }
