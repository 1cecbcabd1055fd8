using System.Globalization;
using System.Text;

namespace Holdfast.Components.Queues.Redis;

/// <summary>
/// A reply of Redis in the protocol RESP2. Source: Redis' manual, "Redis serialization protocol specification".
/// </summary>
internal sealed class RedisReply
{
    public static RedisReply Nil { get; } = new();

    /// <summary>The bytes of a text; null for any other kind of reply.</summary>
    public byte[]? Bytes { get; private init; }

    /// <summary>The items of an array; empty for any other kind of reply.</summary>
    public IReadOnlyList<RedisReply> Items { get; private init; } = [];

    /// <summary>The text of an error reply, which begins with its code; null for other replies.</summary>
    public string? Error { get; private init; }

    private long? Number { get; init; }

    public bool IsNil => Bytes is null && Error is null && Number is null && Items.Count == 0;

    public static RedisReply OfText(byte[] bytes) => new() { Bytes = bytes };

    public static RedisReply OfNumber(long number) => new() { Number = number };

    public static RedisReply OfItems(IReadOnlyList<RedisReply> items) => new() { Items = items };

    public static RedisReply OfError(string text) => new() { Error = text };

    /// <summary>The reply as text; empty when it has no text.</summary>
    public string Text => Bytes is null ? "" : Encoding.UTF8.GetString(Bytes);

    /// <summary>The reply as a number, received as a number or as text; 0 when it is not a number.</summary>
    public long Integer => Number ?? (long.TryParse(Text, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0);
}
