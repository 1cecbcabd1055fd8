using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Holdfast.Restic.Crypto;

namespace Holdfast.Restic.Keys;

/// <summary>
/// A key file: the repository's key, encrypted with a key that is derived from a password. The file itself is plain
/// JSON. Source: doc/design.rst, "Keys, Encryption and MAC".
/// </summary>
internal sealed record KeyFile(Timestamp Created, string Username, string Hostname, KeyDerivation Derivation, byte[] Salt, byte[] Data)
{
    private const int SaltSize = 64;

    /// <summary>The limit for scrypt's memory, 128 N r bytes: 1 GiB is 32 times what restic uses.</summary>
    private const long MostBlocks = (1L << 30) / 128;

    /// <summary>The limit for N r p, which determines scrypt's time: about half a minute.</summary>
    private const long MostWork = 1L << 26;

    /// <summary>Encrypts a repository's key with a password.</summary>
    public static KeyFile Seal(RepositoryKey key, string password, KeyDerivation derivation, Timestamp now)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltSize);
        var plaintext = WriteKey(key);
        var data = new byte[plaintext.Length + Sealer.Overhead];
        using var sealer = new Sealer(RepositoryKey.FromPassword(password, salt, derivation));
        sealer.Seal(plaintext, data);
        return new KeyFile(now, Environment.UserName, Environment.MachineName, derivation, salt, data);
    }

    /// <summary>Returns the repository's key, or null when the password does not match.</summary>
    public RepositoryKey? Open(string password)
    {
        RequireBearable(Derivation);
        using var sealer = new Sealer(RepositoryKey.FromPassword(password, Salt, Derivation));
        var plaintext = new byte[Math.Max(0, Data.Length - Sealer.Overhead)];
        return sealer.TryOpen(Data, plaintext) ? ReadKey(plaintext) : null;
    }

    /// <summary>
    /// Refuses excessive parameters: an attacker who can add a file to "keys" must not be able to exhaust memory or
    /// time.
    /// </summary>
    private static void RequireBearable(KeyDerivation derivation)
    {
        var (n, r, p) = ((long)derivation.N, (long)derivation.R, (long)derivation.P);
        if (n < 2 || !long.IsPow2(n) || r < 1 || p < 1)
            throw new ResticException(ResticError.Damaged, $"scrypt's parameters N={n}, r={r}, p={p} are none.");
        if (n > MostBlocks / r || n * r > MostWork / p)
            throw new ResticException(ResticError.Unsupported, $"scrypt's parameters N={n}, r={r}, p={p} ask for more than 1 GiB of memory, or half a minute.");
    }

    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("created"u8, Created.ToString());
            json.WriteString("username"u8, Username);
            json.WriteString("hostname"u8, Hostname);
            json.WriteString("kdf"u8, "scrypt"u8);
            json.WriteNumber("N"u8, Derivation.N);
            json.WriteNumber("r"u8, Derivation.R);
            json.WriteNumber("p"u8, Derivation.P);
            json.WriteBase64String("salt"u8, Salt);
            json.WriteBase64String("data"u8, Data);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <exception cref="JsonException">The file is not a valid key file.</exception>
    public static KeyFile Read(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        try
        {
            if (root.GetProperty("kdf").GetString() is var kdf and not "scrypt")
                throw new ResticException(ResticError.Unsupported, $"A key of the repository uses the key derivation '{kdf}', which is not known.");
            return new KeyFile(
                Text(root, "created") is { Length: > 0 } created ? Timestamp.Parse(created) : default, // rustic leaves it out
                Text(root, "username"), Text(root, "hostname"),
                new KeyDerivation(root.GetProperty("N").GetInt32(), root.GetProperty("r").GetInt32(), root.GetProperty("p").GetInt32()),
                root.GetProperty("salt").GetBytesFromBase64(), root.GetProperty("data").GetBytesFromBase64());
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new JsonException("A field of the key file is missing or of another type.", e);
        }
    }

    private static string Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private static byte[] WriteKey(RepositoryKey key)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("mac"u8);
            json.WriteBase64String("k"u8, key.MacK);
            json.WriteBase64String("r"u8, key.MacR);
            json.WriteEndObject();
            json.WriteBase64String("encrypt"u8, key.Encrypt);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static RepositoryKey ReadKey(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var mac = document.RootElement.GetProperty("mac");
            return new RepositoryKey(
                document.RootElement.GetProperty("encrypt").GetBytesFromBase64(), mac.GetProperty("k").GetBytesFromBase64(), mac.GetProperty("r").GetBytesFromBase64());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ResticException(ResticError.Damaged, "what the password opens is no key.", e);
        }
    }
}
