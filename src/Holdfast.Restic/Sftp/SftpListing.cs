using System.Text;

namespace Holdfast.Restic.Sftp;

/// <summary>The entries of folders that are wanted, from the answers of a server, which may say anything.</summary>
/// <param name="isWanted">Whether an entry is kept.</param>
/// <param name="most">How many are kept, and how many are passed over, at most.</param>
internal sealed class SftpListing(Predicate<SftpEntry> isWanted, int most)
{
    private readonly List<SftpEntry> _entries = [];
    private readonly HashSet<(string Folder, string Name)> _names = [];
    private int _passedOver;

    public IReadOnlyList<SftpEntry> Entries => _entries;

    /// <summary>Adds what one answer holds. A name that was there before, and what is no name of an entry, is passed over.</summary>
    /// <exception cref="SftpViolation">There is more than any repository has, or nothing.</exception>
    public void Add(string folder, SftpReader answer)
    {
        var count = answer.Number();
        if (count == 0) throw new SftpViolation("it lists nothing, and no end");
        for (; count > 0; count--)
        {
            var name = Encoding.UTF8.GetString(answer.Bytes());
            answer.Bytes(); // what "ls -l" would show
            Add(new SftpEntry(folder, name, answer.Attributes()));
        }
    }

    private void Add(SftpEntry entry)
    {
        var isKept = IsName(entry.Name) && isWanted(entry) && _names.Add((entry.Folder, entry.Name));
        if ((isKept ? _entries.Count : _passedOver++) >= most) throw new SftpViolation($"it lists more than {most} files");
        if (isKept) _entries.Add(entry);
    }

    private static bool IsName(string name) => name is not ("" or "." or "..") && !name.Contains('/') && !name.Contains('\0');
}
