using System.Text;

namespace Holdfast.Restic.Backends;

/// <summary>
/// Remembers which key file last opened a repository, so that it is tried first and the keys need not be listed. It is
/// a hint: the key file itself is always read from the store.
/// </summary>
/// <param name="options">The cache directory; null for none.</param>
/// <param name="location">The location of the repository.</param>
internal sealed class KeyHints(CacheOptions? options, string location)
{
    private const string Folder = "keys";

    private readonly string _name = Id.Hash(Encoding.UTF8.GetBytes(location)).ToString();

    /// <summary>The key that last opened the repository; null when none is known.</summary>
    public Id? Find()
    {
        if (options is null) return null;
        try
        {
            using var folder = CacheFolder.Open(options.Folder, Folder);
            using var file = CacheFolder.OpenOrNothing(folder, _name);
            if (file is null) return null;
            var bytes = new byte[2 * Id.Size];
            var length = RandomAccess.Read(file, bytes, 0);
            return Id.TryParse(Encoding.UTF8.GetString(bytes.AsSpan(0, length)), out var id) ? id : null;
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            return null; // the cache of files in the same directory reports the failure
        }
    }

    /// <summary>Records the key that has opened the repository.</summary>
    public void Note(Id key)
    {
        if (options is null || Find() == key) return;
        try
        {
            using var folder = CacheFolder.Open(options.Folder, Folder);
            CacheFolder.Write(folder, _name, Encoding.UTF8.GetBytes(key.ToString()));
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            // The cache of files in the same directory reports the failure.
        }
    }
}
