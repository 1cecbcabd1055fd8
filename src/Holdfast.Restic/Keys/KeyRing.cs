using System.Text.Json;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Crypto;

namespace Holdfast.Restic.Keys;

/// <summary>The key files of a repository.</summary>
internal sealed class KeyRing(IBackend backend, TimeProvider clock)
{
    /// <summary>Each try costs half a second, so no more keys than restic's limit are tried.</summary>
    private const int MaxTries = 20;

    /// <summary>Finds the key file that the password opens.</summary>
    /// <exception cref="ResticException">NoRepository: there is no key file. WrongPassword: it opens none. Damaged: a key file is broken, and no other opens.</exception>
    public async Task<(Id Id, RepositoryKey Key)> OpenAsync(string password, CancellationToken cancellation)
    {
        ResticException? broken = null;
        var tries = 0;
        await foreach (var (id, file) in ReadAllAsync(e => broken = e, cancellation))
        {
            if (file.Open(password) is { } key) return (id, key);
            if (++tries == MaxTries) break;
        }
        throw broken ?? (tries == 0
            ? new ResticException(ResticError.NoRepository, $"There are no keys in {backend.Location}, so it is not a repository.")
            : new ResticException(ResticError.WrongPassword, $"The password opens none of the {tries} keys of the repository in {backend.Location}."));
    }

    public async Task<IReadOnlyList<KeyInfo>> ListAsync(Id current, CancellationToken cancellation)
    {
        var keys = new List<KeyInfo>();
        await foreach (var (id, file) in ReadAllAsync(e => throw e, cancellation))
            keys.Add(new KeyInfo(id, file.Username, file.Hostname, file.Created, id == current));
        return keys;
    }

    public async Task<KeyInfo> AddAsync(RepositoryKey key, string password, KeyDerivation derivation, CancellationToken cancellation)
    {
        if (password.Length == 0) throw new ResticException(ResticError.WrongPassword, "An empty password is no password.");
        var file = KeyFile.Seal(key, password, derivation, Timestamp.Now(clock));
        var bytes = file.Write();
        var id = Id.Hash(bytes);
        await backend.SaveAsync(FileKind.Key, id.ToString(), bytes, cancellation);
        return new KeyInfo(id, file.Username, file.Hostname, file.Created, Current: false);
    }

    /// <summary>Reads every key file; a broken one is told and passed over, for another may open.</summary>
    private async IAsyncEnumerable<(Id Id, KeyFile File)> ReadAllAsync(
        Action<ResticException> onBroken, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var stored in backend.ListAsync(FileKind.Key, cancellation))
        {
            if (!Id.TryParse(stored.Name, out var id)) continue;
            var bytes = new byte[stored.Size];
            await backend.ReadAsync(FileKind.Key, stored.Name, 0, bytes, cancellation);
            if (TryRead(id, bytes, onBroken) is { } file) yield return (id, file);
        }
    }

    private static KeyFile? TryRead(Id id, byte[] bytes, Action<ResticException> onBroken)
    {
        try
        {
            if (Id.Hash(bytes) == id) return KeyFile.Read(bytes);
            onBroken(new ResticException(ResticError.Damaged, $"The key file {id.ToShortString()} is not what was written: its name is not the digest of its content."));
        }
        catch (JsonException e)
        {
            onBroken(new ResticException(ResticError.Damaged, $"The key file {id.ToShortString()} can't be read.", e));
        }
        return null;
    }
}
