using System.Buffers;
using System.Text;
using System.Text.Json;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Queues.Archives;

/// <summary>The first line of the file of a broker's keys.</summary>
/// <param name="Archive">The run that copied them.</param>
/// <param name="Broker">The broker's name in the profile.</param>
internal sealed record KeyFileHead(string Archive, string Broker);

/// <summary>A key and its value, as DUMP gives it.</summary>
/// <param name="Name">Any bytes.</param>
/// <param name="Type">As TYPE gives it.</param>
/// <param name="Expires">When it goes away, in milliseconds since 1970 by the server's clock; 0 for never.</param>
/// <param name="Payload">The value with its version and checksum, for RESTORE.</param>
internal sealed record DumpedKey(byte[] Name, string Type, long Expires, ReadOnlyMemory<byte> Payload)
{
    /// <summary>The version of Redis' file format that it is written in: two bytes before the checksum of eight. Source: Redis' sources, createDumpPayload.</summary>
    public int Version => VersionOf(Payload.Span);

    public static int VersionOf(ReadOnlySpan<byte> payload) => payload.Length < 10 ? 0 : payload[^10] | (payload[^9] << 8);
}

/// <summary>The keys of a broker as lines of JSON: a head, then a key a line. docs/queues.md describes it.</summary>
internal static class KeyLines
{
    private const int Format = 1;

    public static void WriteHead(IBufferWriter<byte> output, KeyFileHead head)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteNumber("format"u8, Format);
            json.WriteString("archive"u8, head.Archive);
            json.WriteString("broker"u8, head.Broker);
            json.WriteString("kind"u8, "keys"u8);
            json.WriteEndObject();
        }
        output.Write("\n"u8);
    }

    public static void WriteKey(IBufferWriter<byte> output, DumpedKey key)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            if (System.Text.Unicode.Utf8.IsValid(key.Name)) json.WriteString("key"u8, key.Name);
            else json.WriteBase64String("key64"u8, key.Name);
            json.WriteString("type"u8, key.Type);
            if (key.Expires > 0) json.WriteNumber("expires"u8, key.Expires);
            json.Flush();
        }
        LineText.WriteBase64(output, ",\"dump\":\""u8, key.Payload.Span);
        output.Write("}\n"u8);
    }

    /// <exception cref="ProblemException">The line is not a valid head, or has an unknown format.</exception>
    public static KeyFileHead ReadHead(ReadOnlyMemory<byte> line, string file) => Read(file, () =>
    {
        using var json = JsonDocument.Parse(line);
        if (json.RootElement.GetProperty("format").GetInt32() != Format)
            throw Catalogue.QueueArchive.Throwable($"'{file}' is of a format that this version does not know.", "Use the version of Holdfast that made it, or a newer one.");
        return new KeyFileHead(Text(json.RootElement, "archive"), Text(json.RootElement, "broker"));
    });

    /// <exception cref="ProblemException">The line is not a valid key.</exception>
    public static DumpedKey ReadKey(ReadOnlyMemory<byte> line, string file) => Read(file, () =>
    {
        using var json = JsonDocument.Parse(line);
        var key = json.RootElement;
        var name = key.TryGetProperty("key64", out var coded) ? coded.GetBytesFromBase64() : Encoding.UTF8.GetBytes(Text(key, "key"));
        var expires = key.TryGetProperty("expires", out var at) ? at.GetInt64() : 0;
        return new DumpedKey(name, Text(key, "type"), expires, key.GetProperty("dump").GetBytesFromBase64());
    });

    private static T Read<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception foreign) when (foreign is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw Catalogue.QueueArchive.Throwable($"'{file}' has a line that cannot be read: {foreign.Message.TrimEnd('.')}.", foreign);
        }
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString() ?? throw new FormatException($"'{name}' is empty");
}
