using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Queues.Archives;

/// <summary>
/// A queue as lines of JSON: a head, then one line for each message in the order of the list, unacknowledged messages
/// last. docs/queues.md describes the format. UTF-8 is stored as "text", other bytes as "base64"; both are restored
/// exactly.
/// </summary>
internal static class QueueLines
{
    private const int Format = 1;

    /// <summary>Users read the file too, so only characters that JSON requires are escaped.</summary>
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void WriteHead(IBufferWriter<byte> output, QueueFileHead head) => WriteLine(output, json =>
    {
        json.WriteNumber("format"u8, Format);
        json.WriteString("archive"u8, head.Archive);
        json.WriteString("broker"u8, head.Broker);
        json.WriteString("queue"u8, head.Queue.Name);
        json.WriteString("kind"u8, head.Queue.Kind);
    });

    public static void WriteMessage(IBufferWriter<byte> output, ArchivedMessage message)
    {
        using (var json = new Utf8JsonWriter(output, _options))
        {
            json.WriteStartObject();
            json.WriteString("state"u8, NameOf(message.State));
            json.WriteNumber("priority"u8, message.Priority);
            if (message.Taken > 0) json.WriteNumber("taken"u8, message.Taken);
            var facts = message.Message is { } known ? CeleryMessage.Read(known) : new CeleryMessage();
            if (facts.TaskId is not null) json.WriteString("id"u8, facts.TaskId);
            if (facts.Task is not null) json.WriteString("task"u8, facts.Task);
            if (facts.Eta is not null) json.WriteString("eta"u8, facts.Eta);
            json.Flush();
        }
        // The writer takes no text of more than 166 million bytes, and Redis does.
        LineText.Write(output, message.Content.Span);
        output.Write("}\n"u8);
    }

    /// <exception cref="ProblemException">The line is not a valid head, or has an unknown format.</exception>
    public static QueueFileHead ReadHead(ReadOnlyMemory<byte> line, string file) => Read(line, file, json =>
    {
        if (json.GetProperty("format").GetInt32() != Format)
            throw Catalogue.QueueArchive.Throwable($"'{file}' is of a format that this version does not know.", "Use the version of Holdfast that made it, or a newer one.");
        return new QueueFileHead(Text(json, "archive"), Text(json, "broker"), new QueueName(Text(json, "queue"), Text(json, "kind") == "list"));
    });

    /// <exception cref="ProblemException">The line is not a valid message.</exception>
    public static ArchivedMessage ReadMessage(ReadOnlyMemory<byte> line, string file)
    {
        try
        {
            return ReadMessage(line.Span);
        }
        catch (Exception foreign) when (foreign is JsonException or FormatException or InvalidOperationException or OverflowException)
        {
            throw Unreadable(file, foreign);
        }
    }

    /// <summary>A message may have 512 MiB: its bytes are copied once, and never become characters.</summary>
    private static ArchivedMessage ReadMessage(ReadOnlySpan<byte> line)
    {
        var (state, priority, taken) = ((MessageState?)null, (int?)null, 0.0);
        ReadOnlyMemory<byte>? content = null;
        var json = new Utf8JsonReader(line);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject) throw new FormatException("it is no object");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("state"u8)) state = StateOf(Value(ref json).GetString() ?? "");
            else if (json.ValueTextEquals("priority"u8)) priority = Value(ref json).GetInt32();
            else if (json.ValueTextEquals("taken"u8)) taken = Value(ref json).GetDouble();
            else if (json.ValueTextEquals("text"u8)) content = LineText.Text(Value(ref json));
            else if (json.ValueTextEquals("base64"u8)) content = Value(ref json).GetBytesFromBase64();
            else json.Skip();
        }
        if (state is null || priority is null || content is null) throw new FormatException("'state', 'priority' or the content is missing");
        return new ArchivedMessage(state.Value, priority.Value, content.Value) { Taken = taken };
    }

    private static Utf8JsonReader Value(ref Utf8JsonReader json)
    {
        json.Read();
        return json;
    }

    private static T Read<T>(ReadOnlyMemory<byte> line, string file, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return read(document.RootElement);
        }
        catch (Exception foreign) when (foreign is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw Unreadable(file, foreign);
        }
    }

    private static ProblemException Unreadable(string file, Exception foreign) =>
        Catalogue.QueueArchive.Throwable($"'{file}' has a line that cannot be read: {foreign.Message.TrimEnd('.')}.", foreign);

    private static void WriteLine(IBufferWriter<byte> output, Action<Utf8JsonWriter> write)
    {
        using var json = new Utf8JsonWriter(output, _options);
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
        json.Flush();
        output.Write("\n"u8);
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString() ?? throw new FormatException($"'{name}' is empty");

    private static string NameOf(MessageState state) => state switch
    {
        MessageState.Waiting => "waiting",
        MessageState.Prefetched => "prefetched",
        _ => "scheduled",
    };

    private static MessageState StateOf(string name) => name switch
    {
        "waiting" => MessageState.Waiting,
        "prefetched" => MessageState.Prefetched,
        "scheduled" => MessageState.Scheduled,
        _ => throw new FormatException($"'{name}' is no state"),
    };
}
