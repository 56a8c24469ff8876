/** The stories in real time, over UDP. */

import { tellInRealTime } from "./tell.js";

tellInRealTime("udp", "in memory");
