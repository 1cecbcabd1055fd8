using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Components.Queues.Redis;

namespace Holdfast.Components.Queues.Brokers;

/// <summary>
/// Asks Celery's workers what they do, through Redis alone, as kombu's remote control does (source: kombu 5.2,
/// pidbox.py): the question is published to all workers, and each pushes its answer to a list that Holdfast has bound
/// to the exchange of answers.
/// </summary>
internal sealed class Pidbox(RedisConnection redis, QueuesSettings settings, QueueKeys keys, TimeProvider clock)
{
    private static readonly string[] Methods = ["active", "reserved", "scheduled"];

    /// <summary>Limits of the answers, in workers and in bytes: the sender of an answer need not be a worker.</summary>
    private const int MostWorkers = 100_000, MostBytes = 64 << 20;

    private readonly string _id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>
    /// Sends all questions at once. It takes a tenth of a second, or the whole timeout when a worker does not answer.
    /// </summary>
    public async Task<WorkersStatus> AskAsync(CancellationToken cancellation)
    {
        var (answers, binding) = ($"{_id}.{keys.ReplyExchange}", keys.Binding(keys.ReplyExchange));
        var member = $"{_id}{settings.Separator}{settings.Separator}{answers}";
        await redis.CallAsync(cancellation, "SADD", binding, member);
        try
        {
            var listening = 0;
            foreach (var method in Methods) listening = Math.Max(listening, (int)Math.Clamp((await redis.CallAsync(cancellation, "PUBLISH", keys.Mailbox, Question(method))).Integer, 0, MostWorkers));
            return await CollectAsync(keys.Plain(answers), listening, cancellation);
        }
        finally
        {
            // What is left of it would be a line in a set for ever; a connection that is broken can't help it.
            if (!cancellation.IsCancellationRequested && !redis.IsBroken)
            {
                await redis.TryAsync(cancellation, "SREM", binding, member);
                await redis.TryAsync(cancellation, "DEL", keys.Plain(answers));
            }
        }
    }

    private async Task<WorkersStatus> CollectAsync(string answers, int listening, CancellationToken cancellation)
    {
        var collected = Methods.ToDictionary(method => method, _ => new List<(string Worker, JsonArray Tasks)>(), StringComparer.Ordinal);
        var until = clock.GetUtcNow() + settings.InspectTimeout;
        var bytes = 0L;
        for (var missing = listening * Methods.Length; missing > 0 && bytes < MostBytes && clock.GetUtcNow() < until;)
        {
            var popped = await redis.CallAsync(new ReplyBudget(MostBytes, 2), cancellation, "BRPOP", answers, 1);
            if (popped.Items is not [_, { Bytes: { } answer }]) continue;
            bytes += answer.Length;
            if (Read(answer) is not ({ } method, { } worker, { } tasks)) continue;
            collected[method].Add((worker, tasks));
            missing--;
        }
        int Count(string method) => collected[method].Sum(answer => answer.Tasks.Count);
        return new WorkersStatus(
            listening, collected.Values.Min(answer => answer.Count), Count("active"), Count("reserved"), Count("scheduled"),
            [.. collected["active"].SelectMany(answer => answer.Tasks.Select(task => Name(task, answer.Worker)))]);
    }

    private string Question(string method)
    {
        var body = new JsonObject
        {
            ["method"] = method, ["arguments"] = new JsonObject(), ["destination"] = null, ["pattern"] = null, ["matcher"] = null, ["ticket"] = $"{_id}-{method}",
            ["reply_to"] = new JsonObject { ["exchange"] = keys.ReplyExchange, ["routing_key"] = _id },
        };
        return new JsonObject
        {
            ["body"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(body.ToJsonString())),
            ["content-encoding"] = "utf-8",
            ["content-type"] = "application/json",
            ["headers"] = new JsonObject { ["clock"] = 1, ["expires"] = clock.GetUtcNow().ToUnixTimeSeconds() + (long)settings.InspectTimeout.TotalSeconds + 1 },
            ["properties"] = new JsonObject
            {
                ["delivery_mode"] = 2, ["priority"] = 0, ["body_encoding"] = "base64", ["delivery_tag"] = $"{_id}-{method}",
                ["delivery_info"] = new JsonObject { ["exchange"] = $"{settings.ControlExchange}.pidbox", ["routing_key"] = "" },
            },
        }.ToJsonString();
    }

    /// <summary>
    /// Reads an answer: {"worker": [tasks]} in an envelope whose ticket identifies the question. An answer that cannot
    /// be read counts as missing: then the workers are unknown.
    /// </summary>
    private (string? Method, string? Worker, JsonArray? Tasks) Read(byte[] bytes)
    {
        try
        {
            var envelope = JsonNode.Parse(bytes);
            var ticket = envelope?["headers"]?["ticket"]?.GetValue<string>() ?? "";
            var method = Array.Find(Methods, method => ticket == $"{_id}-{method}");
            var body = JsonNode.Parse(Convert.FromBase64String(envelope?["body"]?.GetValue<string>() ?? ""));
            var (worker, tasks) = body?.AsObject().First() ?? default;
            return (method, worker, tasks as JsonArray);
        }
        catch (Exception foreign) when (foreign is JsonException or FormatException or InvalidOperationException)
        {
            return default;
        }
    }

    private static string Name(JsonNode? task, string worker) => string.Create(CultureInfo.InvariantCulture, $"{task?["name"]} {task?["id"]} on {worker}");
}
