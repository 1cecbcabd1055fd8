using System.Security.Cryptography;
using System.Text;
using Holdfast.Components.Queues.Brokers;

namespace Holdfast.Components.Queues.Archives;

/// <summary>
/// The paths of queues in a snapshot. In a file name, every byte of the queue's UTF-8 name except ASCII letters,
/// digits, '_', '-' and ':' is written as %XX: so no name is a path, and no two names are the same.
/// </summary>
internal static class QueuePath
{
    public const string Root = "/queues";

    public const string Ending = ".jsonl";

    /// <summary>Longer names are cut and end in a hash of the whole; a file name has 255 bytes at most.</summary>
    private const int LongestName = 200;

    public static string Broker(string broker) => $"{Root}/{broker}";

    public static string File(string broker, QueueName queue) => $"{Broker(broker)}/{Bounded(Escape(queue.Name))}{Ending}";

    /// <summary>The file of the keys that are not messages. No queue's file has a name like it.</summary>
    public static string Keys(string broker) => $"{Broker(broker)}/keys.dump";

    private static string Escape(string name)
    {
        var escaped = new StringBuilder(name.Length);
        foreach (var value in Encoding.UTF8.GetBytes(name))
        {
            var character = (char)value;
            if (char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or ':') escaped.Append(character);
            else escaped.Append('%').Append(value.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }
        return escaped.ToString();
    }

    private static string Bounded(string name) => name.Length <= LongestName
        ? name
        : $"{name[..LongestName]}%{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..16]}";
}
