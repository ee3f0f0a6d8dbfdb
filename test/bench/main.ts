/** `npm run bench`: measures what the project promises about speed and memory, and prints it beside the goals. */
const role = process.argv.find((argument) => argument.startsWith("--role="))?.slice(7);

// The measured programs are this file in other processes; each loads only its own part.
if (role === "device") (await import("./device-process.ts")).runDevice();
else if (role === "floor") (await import("./floor-process.ts")).runFloor();
else if (role === "virtual-miner") (await import("./virtual-miner-process.ts")).runVirtualMiner();
else if (role === "busy") (await import("./busy-process.ts")).runBusy();
else if (role === "clients") (await import("./client-process.ts")).runClients();
else if (role === "peer") (await import("./peer-process.ts")).runPeer();
else process.exitCode = await (await import("./run.ts")).runBenches(process.argv.slice(2));
