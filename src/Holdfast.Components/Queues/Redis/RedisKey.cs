using System.Text;
using System.Text.Unicode;

namespace Holdfast.Components.Queues.Redis;

/// <summary>A key of a database, whose name is any bytes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">"string", "list", "set", "zset", "hash", "stream" or a module's.</param>
/// <param name="Expires">Whether it goes away at a time.</param>
internal sealed record RedisKey(byte[] Name, string Type, bool Expires)
{
    /// <summary>Its name where it is text; null for other bytes.</summary>
    public string? Text { get; } = Utf8.IsValid(Name) ? Encoding.UTF8.GetString(Name) : null;

    /// <summary>Its name for display.</summary>
    public string Shown => Text ?? $"0x{Convert.ToHexString(Name)}";

    /// <summary>A list that is captured message by message. One that expires is a value like others.</summary>
    public bool IsListOfMessages => Type == "list" && !Expires && Text is not null;
}
