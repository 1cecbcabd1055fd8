using System.Text;

namespace Holdfast.Components.Postgres.Scripts;

/// <summary>Conversion of texts from sessions in which each character is one byte of the server's.</summary>
internal static class ByteText
{
    private static readonly UTF8Encoding _strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Decodes for display: as UTF-8 when the bytes are valid UTF-8, else as Latin-1.</summary>
    public static string Decode(string bytes)
    {
        if (bytes.Any(character => character > 255)) return bytes;
        try
        {
            return _strict.GetString(Encoding.Latin1.GetBytes(bytes));
        }
        catch (DecoderFallbackException)
        {
            return bytes;
        }
    }
}
