// What a program with the npm package aria2 does, first over HTTP, then over WebSocket.
// argv: port, secret, URL of a file that ends at once, URL of one that does not.
// Prints one JSON object; any failed expectation ends it with code 1.
"use strict";

const assert = require("node:assert");
const Aria2 = require("aria2");

const [port, secret, quick, slow] = process.argv.slice(2);
const settings = { host: "127.0.0.1", port: Number(port), secure: false, secret, path: "/jsonrpc" };

async function both(aria2) {
  const version = await aria2.call("getVersion");
  assert.match(version.version, /^\d+\.\d+\.\d+$/);
  const gid = await aria2.call("addUri", [slow], { pause: "true" });
  const [status, stat] = await aria2.multicall([
    ["tellStatus", gid, ["gid", "status"]],
    ["getGlobalStat"],
  ]);
  assert.deepStrictEqual(status, [{ gid, status: "paused" }]);
  assert.strictEqual(stat[0].numWaiting, "1");
  const promises = await aria2.batch([["tellWaiting", 0, 10, ["gid"]], ["remove", gid]]);
  assert.deepStrictEqual(await Promise.all(promises), [[{ gid }], gid]);
  const methods = await aria2.listMethods();
  assert.ok(methods.includes("addUri") && methods.includes("system.multicall"));
  const notifications = await aria2.listNotifications();
  assert.ok(notifications.includes("onDownloadComplete"));
  await assert.rejects(aria2.call("tellStatus", gid), {
    code: 1,
    message: `GID ${gid} is not found`,
  });
}

async function events(aria2) {
  const seen = [];
  const done = new Promise((resolve) => {
    for (const name of ["onDownloadStart", "onDownloadComplete"]) {
      aria2.on(name, ([{ gid }]) => {
        seen.push([name, gid]);
        if (name === "onDownloadComplete") resolve();
      });
    }
  });
  const gid = await aria2.call("addUri", [quick]);
  await done;
  assert.deepStrictEqual(seen, [["onDownloadStart", gid], ["onDownloadComplete", gid]]);
  const { status, completedLength, totalLength } = await aria2.call("tellStatus", gid);
  assert.deepStrictEqual([status, completedLength], ["complete", totalLength]);
  return gid;
}

async function main() {
  await both(new Aria2(settings));
  const aria2 = new Aria2(settings);
  await aria2.open();
  await both(aria2);
  const gid = await events(aria2);
  await aria2.close();
  const wrong = new Aria2({ ...settings, secret: "wrong" });
  await assert.rejects(wrong.call("getVersion"), { code: 1, message: "Unauthorized" });
  console.log(JSON.stringify({ gid }));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
