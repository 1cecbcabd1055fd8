using System.Text;

namespace Holdfast.Components.Postgres.Scripts;

/// <summary>Texts of sessions whose characters are the server's bytes.</summary>
internal static class ByteText
{
    private static readonly UTF8Encoding _strict = new(false, throwOnInvalidBytes: true);

    /// <summary>For people: as UTF-8 where it is that, else as Latin-1.</summary>
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
