using System.Text.Json;

namespace Holdfast.Components.Queues.Brokers;

/// <summary>
/// A message that a worker has taken and not acknowledged: an entry of kombu's hash "unacked". Its value is a JSON list of the
/// message, the exchange and the routing key.
/// </summary>
internal sealed record UnackedMessage(ReadOnlyMemory<byte> Message, string Exchange, string RoutingKey)
{
    /// <summary>Reads a value; null for what kombu would not have written.</summary>
    public static UnackedMessage? Read(ReadOnlyMemory<byte> value)
    {
        try
        {
            var json = new Utf8JsonReader(value.Span);
            if (!json.Read() || json.TokenType != JsonTokenType.StartArray || !json.Read() || json.TokenType != JsonTokenType.StartObject) return null;
            var from = (int)json.TokenStartIndex;
            json.Skip();
            var message = value[from..(int)json.BytesConsumed];
            return json.Read() && Text(ref json) is { } exchange && json.Read() && Text(ref json) is { } key ? new UnackedMessage(message, exchange, key) : null;
        }
        catch (Exception foreign) when (foreign is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Text(ref Utf8JsonReader json) => json.TokenType switch
    {
        JsonTokenType.String => json.GetString(),
        JsonTokenType.Null => "",
        _ => null,
    };
}
