using System.Security.Cryptography;
using System.Text;
using Holdfast.Components.Queues.Brokers;

namespace Holdfast.Components.Queues.Archives;

/// <summary>
/// Where queues lie in a snapshot. Names become file names by writing everything but ASCII letters, digits, '_', '-' and ':' as %XX of its
/// UTF-8 bytes: so no name is a path, and no two are the same.
/// </summary>
internal static class QueuePath
{
    public const string Root = "/queues";

    public const string Ending = ".jsonl";

    /// <summary>Longer names are cut and end in a hash of the whole; a file name has 255 bytes at most.</summary>
    private const int LongestName = 200;

    public static string Broker(string broker) => $"{Root}/{broker}";

    public static string File(string broker, QueueName queue) => $"{Broker(broker)}/{Bounded(Escape(queue.Name))}{Ending}";

    /// <summary>The file of the keys that are no messages. No queue's file has a name like it.</summary>
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
