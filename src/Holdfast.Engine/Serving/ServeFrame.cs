using System.Buffers.Binary;
using System.Text;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Serving;

/// <summary>
/// The protocol between client and service: a frame is a length of four bytes, most significant first, followed by that
/// number of bytes of UTF-8, words with a zero byte between them. A connection carries one request and one answer; the
/// bytes of a file follow the answer "content".
/// </summary>
internal static class ServeFrame
{
    /// <summary>Bytes before the words.</summary>
    public const int Head = 4;

    /// <summary>The largest frame, 64 KiB: paths and sentences are shorter.</summary>
    public const int Largest = 64 << 10;

    public static byte[] Write(params IEnumerable<string> words)
    {
        var text = string.Join('\0', words);
        var frame = new byte[Head + Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, frame.AsSpan(Head));
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - Head);
        return frame;
    }

    /// <exception cref="ProblemException">The length exceeds that of the largest frame.</exception>
    public static int Length(ReadOnlySpan<byte> head) => BinaryPrimitives.ReadInt32BigEndian(head) is >= 0 and <= Largest and var length
        ? length
        : throw Catalogue.ServeRequest.Throwable("What came over the socket is no message of Holdfast.");

    public static string[] Words(ReadOnlySpan<byte> body) => Encoding.UTF8.GetString(body).Split('\0');
}
