const { PostHog } = require("posthog-node");
const [url, key, ...times] = process.argv.slice(2);
const client = new PostHog(key, { host: url, fetchRetryCount: 2 });
client.on("error", (error) => { console.error(error); process.exitCode = 1; });
client.identify({ distinctId: "ada", properties: { role: "admin" } });
client.groupIdentify({ groupType: "company", groupKey: "acme", properties: { name: "Acme" }, distinctId: "ada" });
for (const at of times) {
  client.capture({
    distinctId: "ada", event: "Report Exported", properties: { rows: 7 }, groups: { company: "acme" }, timestamp: new Date(at),
  });
}
client.shutdown();
