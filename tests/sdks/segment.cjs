const { Analytics } = require("@segment/analytics-node");
const [url, key, ...times] = process.argv.slice(2);
const client = new Analytics({ writeKey: key, host: url, maxRetries: 2 });
client.on("error", (error) => { console.error(error); process.exitCode = 1; });
client.identify({ userId: "ada", traits: { role: "admin" } });
client.group({ userId: "ada", groupId: "acme", traits: { name: "Acme" } });
for (const at of times) {
  client.track({
    userId: "ada", event: "Report Exported", properties: { rows: 7 }, context: { groupId: "acme" }, timestamp: new Date(at),
  });
}
client.closeAndFlush({ timeout: 20000 });
