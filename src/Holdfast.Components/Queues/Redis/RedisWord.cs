using System.Globalization;
using System.Text;

namespace Holdfast.Components.Queues.Redis;

/// <summary>A word of a command: bytes, a text as UTF-8, or a number in decimal digits.</summary>
internal readonly record struct RedisWord(ReadOnlyMemory<byte> Bytes)
{
    public static implicit operator RedisWord(string text) => new(Encoding.UTF8.GetBytes(text));

    public static implicit operator RedisWord(byte[] bytes) => new(bytes);

    public static implicit operator RedisWord(long number) => number.ToString(CultureInfo.InvariantCulture);

    public override string ToString() => Encoding.UTF8.GetString(Bytes.Span);
}
