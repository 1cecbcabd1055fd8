using Holdfast.Testing;

namespace Holdfast.ServerTests.Restic;

/// <summary>A folder with everything that can stand in one: all types, hard links, attributes, names and times that are hard to keep.</summary>
internal static class AwkwardTree
{
    /// <summary>Makes it; root is needed for owners and devices.</summary>
    public static async Task MakeAsync(string folder)
    {
        Require.Root();
        Require.Program("setfattr");
        Require.Program("setfacl");
        (await Command.BashAsync(Script, folder)).Succeeded();
    }

    private const string Script = """
        mkdir -p "$1" && cd "$1"
        echo hello >plain; touch -d 1960-01-01 plain
        mkdir -p sub/empty; ln plain hard; ln plain sub/hard; ln -s plain link; ln -s /nonexistent sub/dangling
        touch -h -d '2001-02-03 04:05:06.789' link
        echo secret >setuid; chown 1234:4321 setuid; chmod 6755 setuid; : >empty; chmod 000 empty
        mkfifo fifo; mknod chr c 1 3; mknod blk b 7 300
        printf x >$'new\nline'; printf y >'q"uo\te'; printf z >$'stray\xff\xfe'; printf u >'é😀<&>'; printf w >"$(printf 'x%.0s' $(seq 255))"
        echo a >attr; setfattr -n user.a -v 1 attr; setfattr -n user.none attr; setfacl -m u:1000:rw attr; setfattr -n user.d -v dir sub; setfacl -d -m u:1000:rwx sub
        head -c 9000000 /dev/urandom >big; cat big plain >both; head -c 3000000 /dev/zero >zeroes
        truncate -s 100M sparse; printf data | dd of=sparse bs=1 seek=50000000 conv=notrunc status=none
        deep=deep; for i in $(seq 1 200); do deep=$deep/d$i; done; mkdir -p $deep; echo end >$deep/f
        mkdir closed; echo r >closed/f; chmod 500 closed; mkdir sticky; chmod 1777 sticky; touch -d '2100-01-01 UTC' both
        touch -d '2000-01-01 00:00:00.123456789 UTC' sub closed sticky deep attr
        """;
}
