/** The stories in real time, over the transport within a process. */

import { tellInRealTime } from "./tell.js";

tellInRealTime("memory", "in memory");
