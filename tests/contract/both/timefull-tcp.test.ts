/** The stories in real time, over TCP, with real files. */

import { tellInRealTime } from "./tell.js";

tellInRealTime("tcp", "on disk");
