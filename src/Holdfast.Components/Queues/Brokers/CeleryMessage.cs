using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Holdfast.Components.Queues.Brokers;

/// <summary>
/// The properties of a Celery message that can be read; anything else is empty. Source: Celery's manual, "Message
/// Protocol", versions 1 and 2, in kombu's envelope {"body": base64, "headers": {...}, "properties": {...}}.
/// </summary>
internal sealed record CeleryMessage
{
    public string? TaskId { get; private init; }
    public string? Task { get; private init; }

    /// <summary>Its ETA as it is written; null for at once.</summary>
    public string? Eta { get; private init; }

    /// <summary>The number of retries: a retry has the task's id, and is another message.</summary>
    public long Retries { get; private init; }
    public int Priority { get; private init; }
    public string? Tag { get; private init; }

    /// <summary>Reads a message; bytes that are not a valid message give an empty one.</summary>
    public static CeleryMessage Read(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty || bytes.Span[0] != (byte)'{') return new CeleryMessage(); // most items of plain lists: an exception for each would take its time
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(document.RootElement) : new CeleryMessage();
        }
        catch (Exception foreign) when (foreign is JsonException or InvalidOperationException)
        {
            return new CeleryMessage();
        }
    }

    /// <summary>
    /// A hash of 16 bytes that is the same for all copies of one message, and only for them. The task id alone is not
    /// enough, because the sender chooses it. kombu rewrites a message when a worker takes it, so the hash covers what
    /// kombu keeps: the id, the number of retries, the delivery tag and the body.
    /// </summary>
    public static UInt128 IdentityOf(ReadOnlyMemory<byte> bytes)
    {
        var message = Read(bytes);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (message.TaskId is null && message.Tag is null) hash.AppendData(bytes.Span);
        else
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{message.TaskId?.Length} {message.TaskId} {message.Retries} {message.Tag?.Length} {message.Tag} "));
            AppendBody(hash, bytes);
        }
        return BinaryPrimitives.ReadUInt128BigEndian(hash.GetHashAndReset());
    }

    private static void AppendBody(IncrementalHash hash, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            if (!document.RootElement.TryGetProperty("body", out var body)) return;
            hash.AppendData(Encoding.UTF8.GetBytes(body.ValueKind == JsonValueKind.String ? body.GetString()! : body.GetRawText()));
        }
        catch (InvalidOperationException)
        {
            hash.AppendData(bytes.Span); // half of a surrogate pair
        }
    }

    private static CeleryMessage Read(JsonElement envelope)
    {
        var (headers, properties) = (Child(envelope, "headers"), Child(envelope, "properties"));
        var facts = headers is { } second && Text(second, "id") is not null ? second : Body(envelope);
        return new CeleryMessage
        {
            TaskId = facts is { } task ? Text(task, "id") : null,
            Task = facts is { } named ? Text(named, "task") : null,
            Eta = facts is { } due ? Text(due, "eta") : null,
            Retries = facts is { } tried ? Number(tried, "retries") : 0,
            Priority = (int)Math.Clamp(properties is { } ranked ? Number(ranked, "priority") : 0, 0, 255),
            Tag = properties is { } tagged ? Text(tagged, "delivery_tag") : null,
        };
    }

    /// <summary>The first protocol has all of it in the body.</summary>
    private static JsonElement? Body(JsonElement envelope)
    {
        if (!envelope.TryGetProperty("body", out var body) || body.ValueKind != JsonValueKind.String || !body.TryGetBytesFromBase64(out var bytes)) return null;
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (Exception foreign) when (foreign is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static JsonElement? Child(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var child) && child.ValueKind == JsonValueKind.Object ? child : null;

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

    private static long Number(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt64(out var value) ? value : 0;
}
