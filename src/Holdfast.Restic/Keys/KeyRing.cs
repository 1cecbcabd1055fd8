using System.Runtime.CompilerServices;
using System.Text.Json;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Crypto;

namespace Holdfast.Restic.Keys;

/// <summary>The key files of a repository.</summary>
internal sealed class KeyRing(IBackend backend, TimeProvider clock)
{
    /// <summary>The most keys that are tried, restic's limit, because each attempt costs half a second.</summary>
    private const int MaxTries = 20;

    /// <summary>The limit for the size of a key file; one has some 400 bytes.</summary>
    private const long MaxSize = 64 << 10;

    /// <summary>Returns every key that the password opens: at least one, or it throws.</summary>
    /// <param name="password">The password.</param>
    /// <param name="first">A key to try first, without listing the others; null for none.</param>
    /// <param name="cancellation">Cancels the reading.</param>
    /// <exception cref="ResticException">
    /// KeysLost: there is no key file. WrongPassword: it opens none. Damaged, Unsupported: a key file cannot be tried,
    /// and no other one opens.
    /// </exception>
    public async IAsyncEnumerable<(Id Id, RepositoryKey Key)> OpenAllAsync(
        string password, Id? first, [EnumeratorCancellation] CancellationToken cancellation)
    {
        ResticException? broken = null;
        var (tries, opened) = (0, 0);
        if (first is { } hint && await TryOpenAsync(hint, password, cancellation) is { } known)
        {
            opened++;
            yield return (hint, known);
        }
        await foreach (var (id, file) in ReadAllAsync(e => broken = Worse(broken, e), cancellation))
        {
            if (opened > 0 && id == first) continue;
            tries++;
            var key = TryOpen(file, id, password, e =>
            {
                tries--;
                broken = Worse(broken, e);
            });
            if (key is not null)
            {
                opened++;
                yield return (id, key);
            }
            if (tries == MaxTries) break;
        }
        if (opened > 0) yield break;
        throw broken is not null && (tries == 0 || broken.Error == ResticError.Damaged) ? broken : Refusal(tries, broken);
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

    private ResticException Refusal(int tries, ResticException? untried) => tries == 0
        ? new ResticException(ResticError.KeysLost, $"There is a repository in '{backend.Location}', but it has no key file.")
        : new ResticException(ResticError.WrongPassword,
            $"The password does not open {(tries == 1 ? "the only key" : $"any of the {tries} keys")} of the repository in {backend.Location}.{(untried is null ? "" : $" One more could not be tried: {untried.Message}")}");

    private static ResticException Worse(ResticException? before, ResticException now) => before is { Error: ResticError.Damaged } ? before : now;

    /// <summary>Tries a key that may have been removed, or may belong to another user: then all are tried.</summary>
    private async Task<RepositoryKey?> TryOpenAsync(Id id, string password, CancellationToken cancellation)
    {
        try
        {
            var bytes = await backend.ReadWholeAsync(FileKind.Key, id.ToString(), MaxSize, cancellation);
            return TryRead(id, bytes, _ => { }) is { } file ? TryOpen(file, id, password, _ => { }) : null;
        }
        catch (ResticException gone) when (gone.IsLoss)
        {
            return null;
        }
    }

    private static RepositoryKey? TryOpen(KeyFile file, Id id, string password, Action<ResticException> onBroken)
    {
        try
        {
            return file.Open(password);
        }
        catch (ResticException broken) when (broken.Error is ResticError.Damaged or ResticError.Unsupported)
        {
            onBroken(new ResticException(broken.Error, $"The key file {id.ToShortString()} can't be used: {broken.Message}", broken));
            return null;
        }
    }

    /// <summary>
    /// Reads every key file; a damaged one, and one of an unknown kind, is reported and skipped, because another may
    /// open.
    /// </summary>
    private async IAsyncEnumerable<(Id Id, KeyFile File)> ReadAllAsync(Action<ResticException> onBroken, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var stored in backend.ListAsync(FileKind.Key, cancellation))
        {
            if (!Id.TryParse(stored.Name, out var id)) continue;
            var bytes = new byte[Math.Min(stored.Size, MaxSize + 1)];
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
        catch (ResticException unknown) when (unknown.Error == ResticError.Unsupported)
        {
            onBroken(new ResticException(ResticError.Unsupported, $"The key file {id.ToShortString()} can't be used: {unknown.Message}", unknown));
        }
        return null;
    }
}
